# SPDX-License-Identifier: Apache-2.0
"""The API's socket and its clients, configuration files, and how skiff is called."""

import json
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase, open_files  # noqa: E402
from disk_pattern import make_disk  # noqa: E402
from skiff_runner import main, payload_path, skiff_path  # noqa: E402

MIB = 1 << 20


class Sockets(ApiTestCase):
    def test_hostile_clients_stall_neither_the_guest_nor_each_other(self):
        skiff, client = self.serve(stdin="pipe")
        self.describe(client, "serial_input", "mode=interrupt echo=1")
        self.begin(client)
        skiff.expect("ready")
        before = open_files(skiff.pid)
        hostile = []
        for bytes_ in (b"", b"PUT / HT", b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 10_000,
                       b"PUT /vsock HTTP/1.1\r\nContent-Length: 1073741824\r\n\r\n" + b"x" * 60_000,
                       b"PUT /vsock HTTP/1.1\r\nContent-Length: 50000\r\n\r\n" + b"[" * 50_000):
            other = socket.socket(socket.AF_UNIX)
            other.connect(str(self.socket))
            other.setblocking(False)
            try:
                other.send(bytes_)
            except OSError:
                pass
            hostile.append(other)
        for number in range(20):
            self.assertEqual(self.state(client), "Running")
            skiff.send("x")
            skiff.expect("x")
        for other in hostile:
            other.close()
        self.wait_until(lambda: open_files(skiff.pid) == before, "all connections are closed")

    def test_a_killed_skiffs_socket_is_replaced_and_a_living_ones_is_not(self):
        for stage in ("described", "running", "paused"):
            with self.subTest(stage=stage):
                skiff, client = self.serve()
                self.describe(client, "hang", "mode=spin")
                if stage != "described":
                    self.begin(client)
                if stage == "paused":
                    self.accepted(client.patch("/vm", {"state": "Paused"}))
                second = self.run_skiff("--api-sock", self.socket)
                self.assertEqual(second.status, 2)
                self.assertRegex(second.error_text,
                                 rf"^skiff: --api-sock .*another process.*\(pid {skiff.pid}\)")
                skiff.signal(signal.SIGKILL)
                skiff.wait()
                self.assertTrue(self.socket.exists())
                third, client = self.serve()
                self.describe(client, "hello")
                self.begin(client)
                self.assertEqual(third.wait().status, 0)

    def test_while_idle_it_sleeps(self):
        skiff, client = self.serve()
        self.assertEqual(self.state(client), "Not started")
        if skiff.has_thread_sanitizer():
            self.skipTest("ThreadSanitizer has a thread that wakes up")

        def statuses():
            return skiff.of_threads("status")

        def switches():
            return sum(int(number) for text in statuses()
                       for number in re.findall(r"voluntary_ctxt_switches:\t(\d+)", text))

        self.wait_until(lambda: all("State:\tS" in text for text in statuses()), "all sleep")
        before = switches()
        for _ in range(20):
            subprocess.run([skiff_path(), "--version"], stdout=subprocess.DEVNULL, check=True)
        self.assertEqual(switches(), before)


class Files(ApiTestCase):
    def config(self, payload="hello", **more):
        path = self.scratch / "vm.json"
        path.write_text(json.dumps({
            "boot-source": {"kernel_image_path": payload_path(payload), "boot_args": "mode=halt"},
            "machine-config": {"vcpu_count": 1, "mem_size_mib": 64}, **more}))
        return path

    def test_a_file_starts_a_guest_without_an_api_and_with_one(self):
        finished = self.run_skiff("--no-api", "--config-file", self.config())
        self.assertEqual(finished.status, 0, finished.error_text)
        self.assertIn("Hello from a freestanding guest", finished.text)
        skiff, client = self.serve("--config-file", self.config("hang"))
        skiff.expect("hanging")
        self.assertEqual(self.state(client), "Running")

    def test_skiff_run_takes_the_file_and_its_options_change_it(self):
        disk = make_disk(self.scratch / "disk", MIB)
        config = self.config("hang", drives=[{"drive_id": "first", "path_on_host": str(disk),
                                              "is_root_device": True, "is_read_only": True}])
        skiff = self.start("run", "--config", config, "-m", "96M", "-d", f"{disk},ro", "--api-sock",
                           self.socket)
        skiff.expect("hanging")
        told = self.client().get("/vm/config").json
        self.assertEqual(told["machine-config"]["mem_size_mib"], 96)
        self.assertEqual([drive["drive_id"] for drive in told["drives"]], ["first", "disk1"])
        self.assertEqual([drive["is_root_device"] for drive in told["drives"]], [True, False])
        self.assertTrue(all(drive["is_read_only"] for drive in told["drives"]))

    def test_what_is_told_of_a_microvm_makes_the_same_one_again(self):
        skiff, client = self.serve()
        self.describe(client, "hello")
        told = client.get("/vm/config").text
        copy = self.scratch / "copy.json"
        copy.write_text(told)
        finished = self.run_skiff("config", "check", copy)
        self.assertEqual((finished.status, finished.text), (0, f"{copy}: fine\n"))
        self.assertEqual(self.run_skiff("--no-api", "--config-file", copy).status, 0)

    def test_a_dry_run_is_a_file_that_makes_the_same_machine(self):
        disk = make_disk(self.scratch / "disk", MIB)
        arguments = ("-c", "2", "-m", "64M", "-d", f"{disk},direct", "-a", "value=7", "--debug-exit")
        config = self.scratch / "vm.toml"
        described = self.run_payload("debug_exit", "more", *arguments, "--dry-run")
        self.assertEqual(described.status, 0, described.error_text)
        config.write_text(described.text)
        again = self.run_skiff("run", "--config", config, "--dry-run")
        self.assertEqual((again.status, again.text), (0, described.text))
        for start in (("run", "--config"), ("--no-api", "--config-file")):
            with self.subTest(start=start):
                self.assertEqual(self.run_skiff(*start, config).status, (7 << 1) | 1)
        as_json = self.run_payload("debug_exit", "more", *arguments, "--dry-run=json")
        config = self.scratch / "vm.json"
        config.write_text(json.dumps(json.loads(as_json.text)))
        self.assertEqual(self.run_skiff("run", "--config", config).status, (7 << 1) | 1)

    def test_a_file_in_toml_is_one_too(self):
        config = self.scratch / "vm.toml"
        config.write_text(f"# a comment\n[boot-source]\nkernel_image_path = '{payload_path('hang')}'\n"
                          "[machine-config]\nvcpu_count = 2  # two\nmem_size_mib = 64\n"
                          "[run-options]\nname = 'anna'\nserial = 'none'\n")
        _, client = self.serve("--config-file", config)
        self.wait_until(lambda: self.state(client) == "Running", "it runs")
        told = client.get("/vm/config").json
        self.assertEqual(told["machine-config"]["vcpu_count"], 2)
        self.assertEqual(told["run-options"], {"name": "anna", "serial": "none"})
        config.write_text("[boot-source\n")
        finished = self.run_skiff("config", "check", config)
        self.assertEqual(finished.status, 2)
        self.assertRegex(finished.error_text, f"^skiff: {config}: not valid TOML: line 1, column .*\n$")

    def test_a_wrong_file_is_one_line_and_status_2(self):
        config = self.config(drivs=[])
        for arguments in (("config", "check", config), ("--no-api", "--config-file", config),
                          ("run", "--config", config)):
            with self.subTest(arguments=arguments):
                finished = self.run_skiff(*arguments)
                self.assertEqual(finished.status, 2)
                self.assertEqual(finished.error_text,
                                 f"skiff: {config}: drivs: unknown key: did you mean drives?\n")


class Invocation(ApiTestCase):
    def test_called_firecracker_it_is_one(self):
        link = self.scratch / "firecracker"
        link.symlink_to(skiff_path())
        told = subprocess.run([link, "--version"], capture_output=True, text=True, check=True)
        self.assertRegex(told.stdout, r"^Firecracker v\d+\.\d+\.\d+\n\nskiff \d")
        refused = subprocess.run([link, "--seccomp-filter", "x"], capture_output=True, text=True,
                                 check=False)
        self.assertEqual(refused.returncode, 2)
        self.assertRegex(refused.stderr, r"^skiff: --seccomp-filter: .*not supported yet")
        process = subprocess.Popen(
            [link, "--id", "a-1", "--api-sock", self.socket, "--start-time-us", "1",
             "--start-time-cpu-us", "2", "--parent-cpu-time-us", "3", "--no-seccomp", "--level",
             "WARN", "--mmds-size-limit", "1", "--http-api-max-payload-size", "100"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        client = self.client()
        self.assertEqual(client.get("/").json["id"], "a-1")
        self.assertEqual(client.put("/vsock", " " * 101).status, 413)

    def test_a_command_line_that_cannot_be_is_status_2(self):
        for arguments, message in (
                (("--no-api",), "--config-file"), (("--id", "a_b"), "--id"),
                (("--level", "loud"), "--level"), (("--start-time-us", "x"), "--start-time-us"),
                (("--api-sock", "x" * 200), "--api-sock"),
                (("--config-file", "/no/such"), "/no/such")):
            with self.subTest(arguments=arguments):
                finished = self.run_skiff(*arguments)
                self.assertEqual(finished.status, 2)
                self.assertIn(message, finished.error_text)
                self.assertEqual(finished.error_text.count("\n"), 1)


if __name__ == "__main__":
    main()
