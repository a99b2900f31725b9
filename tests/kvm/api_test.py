# SPDX-License-Identifier: Apache-2.0
"""microVMs that a program describes, starts and controls through the API's socket."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase  # noqa: E402
from disk_pattern import make_disk  # noqa: E402
from skiff_runner import main, payload_path, skiff_path  # noqa: E402

MIB = 1 << 20
STOPPED_BY_SIGTERM = 143


class LifeCycle(ApiTestCase):
    def test_a_guest_is_described_started_and_ends_the_process(self):
        skiff, client = self.serve("--id", "vm-1")
        info = client.get("/").json
        self.assertEqual(info["id"], "vm-1")
        self.assertEqual(info["state"], "Not started")
        self.assertRegex(info["vmm_version"], r"^\d+\.\d+\.\d+$")
        self.assertEqual(client.get("/version").json, {"firecracker_version": info["vmm_version"]})
        self.assertEqual(client.get("/machine-config").json["mem_size_mib"], 128)
        self.describe(client, "hello", vcpu_count=2)
        self.assertEqual(client.get("/machine-config").json["vcpu_count"], 2)
        self.begin(client)
        finished = skiff.wait()
        self.assertIn("Hello from a freestanding guest", finished.text)
        self.assertEqual(finished.status, 0)
        self.assertFalse(self.socket.exists())

    def test_a_start_that_cannot_be_is_an_error_and_can_be_mended(self):
        skiff, client = self.serve()
        start = {"action_type": "InstanceStart"}
        answer = client.put("/actions", start)
        self.assertEqual(answer.status, 400)
        self.assertIn("no kernel is set", answer.fault)
        broken = self.scratch / "broken"
        broken.write_bytes(b"\x7fELF" + bytes(100))
        self.accepted(client.put("/boot-source", {"kernel_image_path": str(broken)}))
        answer = client.put("/actions", start)
        self.assertEqual(answer.status, 400)
        self.assertIn(str(broken), answer.fault)
        self.assertEqual(self.state(client), "Not started")
        self.describe(client, "hello")
        self.begin(client)
        self.assertEqual(skiff.wait().status, 0)

    def test_what_belongs_before_the_start_is_refused_after_it_and_the_other_way_round(self):
        skiff, client = self.serve()
        for method, path, body in (
                ("PATCH", "/vm", {"state": "Paused"}),
                ("PUT", "/actions", {"action_type": "SendCtrlAltDel"}),
                ("GET", "/balloon/statistics", None), ("GET", "/balloon", None),
                ("PATCH", "/drives/a", {"drive_id": "a", "path_on_host": "/x"})):
            with self.subTest(path=path):
                answer = client.ask(method, path, body)
                self.assertEqual(answer.status, 400)
                self.assertEqual(answer.json["path"], path)
        self.describe(client, "hang", "mode=halt")
        self.begin(client)
        skiff.expect("hanging")
        for path, body in (
                ("/machine-config", {"vcpu_count": 1, "mem_size_mib": 64}),
                ("/boot-source", {"kernel_image_path": payload_path("hello")}),
                ("/drives/a", {"drive_id": "a", "path_on_host": "/etc/hostname",
                               "is_root_device": False}),
                ("/vsock", {"guest_cid": 3, "uds_path": "v"}), ("/entropy", {}), ("/logger", {}),
                ("/actions", {"action_type": "InstanceStart"})):
            with self.subTest(path=path):
                answer = client.put(path, body)
                self.assertEqual(answer.status, 400)
                self.assertIn("only before the microVM starts", answer.fault)
        self.assertEqual(self.state(client), "Running")

    def test_ctrl_alt_del_reaches_the_guest(self):
        skiff, client = self.serve()
        self.describe(client, "keyboard")
        self.begin(client)
        skiff.expect("waiting for keys")
        self.accepted(client.put("/actions", {"action_type": "SendCtrlAltDel"}))
        finished = skiff.wait()
        keys = re.findall(r"key (\w+)\n", finished.text)
        self.assertEqual([key for key in keys if key != "0xe0"][:3], ["0x1d", "0x38", "0x53"])
        self.assertEqual(finished.status, 0)

    def test_a_signal_ends_it_before_the_start_and_after_it(self):
        for started in (False, True):
            with self.subTest(started=started):
                skiff, client = self.serve()
                if started:
                    self.describe(client, "power_button")
                    self.begin(client)
                    skiff.expect("waiting for the power button")
                skiff.signal(signal.SIGTERM)
                self.assertEqual(skiff.wait().status, 0 if started else STOPPED_BY_SIGTERM)
                self.assertFalse(self.socket.exists())

    def test_options_of_the_command_line_can_be_given(self):
        skiff, client = self.serve()
        self.describe(client, "debug_exit", "value=5")
        refused = client.put("/v1/run-options", {"debug-exit": "port"})
        self.assertEqual((refused.status, refused.json["field"]), (400, "debug-exit"))
        self.assertEqual(client.get("/v1/run-options").json, {})
        self.accepted(client.put("/v1/run-options", {"debug-exit": True, "timeout": 60}))
        self.assertEqual(client.get("/vm/config").json["run-options"],
                         {"debug-exit": True, "timeout": "60"})
        self.begin(client)
        self.assertEqual(skiff.wait().status, (5 << 1) | 1)

    def test_the_guest_ends_with_its_own_status(self):
        skiff, client = self.serve()
        self.describe(client, "triple_fault")
        self.begin(client)
        self.assertEqual(skiff.wait().status, 71)


class Pausing(ApiTestCase):
    @staticmethod
    def vcpu_time(skiff):
        """Clock ticks that the vCPUs' threads have used."""
        total = 0
        for text in skiff.of_threads("stat"):
            name, _, rest = text.rpartition(")")
            if "(vcpu" in name:
                fields = rest.split()
                total += int(fields[11]) + int(fields[12])
        return total

    def test_a_paused_guest_stands_still_and_goes_on_when_it_may(self):
        skiff, client = self.serve()
        self.describe(client, "hang", "mode=spin")
        self.begin(client)
        skiff.expect("hanging")
        for _ in range(3):
            before = self.vcpu_time(skiff)
            self.wait_until(lambda: self.vcpu_time(skiff) > before, "the guest runs")
            self.accepted(client.patch("/vm", {"state": "Paused"}))
            self.assertEqual(self.state(client), "Paused")
            before = self.vcpu_time(skiff)
            # What takes longer than a clock tick: with a guest that runs, the time would grow.
            for _ in range(10):
                subprocess.run([skiff_path(), "--version"], stdout=subprocess.DEVNULL, check=True)
            self.assertEqual(self.vcpu_time(skiff), before)
            self.accepted(client.patch("/vm", {"state": "Paused"}))
            self.accepted(client.patch("/vm", {"state": "Resumed"}))
            self.assertEqual(self.state(client), "Running")
        self.accepted(client.patch("/vm", {"state": "Paused"}))
        # A paused guest can be ended: the second signal does not wait for it.
        skiff.signal(signal.SIGTERM)
        skiff.expect("asking the guest", stream="stderr")
        skiff.signal(signal.SIGTERM)
        self.assertEqual(skiff.wait().status, STOPPED_BY_SIGTERM)

    def test_the_guests_clock_tells_it_of_the_pause(self):
        skiff, client = self.serve()
        self.describe(client, "stopped_clock")
        self.begin(client)
        skiff.expect("never stopped")
        self.accepted(client.patch("/vm", {"state": "Paused"}))
        self.accepted(client.patch("/vm", {"state": "Resumed"}))
        skiff.expect("stopped for a while")
        self.assertEqual(skiff.wait().status, 0)

    def test_what_comes_meanwhile_waits_for_the_guest(self):
        skiff, client = self.serve(stdin="pipe")
        self.describe(client, "serial_input", "mode=interrupt echo=1 count=3")
        self.begin(client)
        skiff.expect("ready")
        skiff.send("a")
        skiff.expect("a")
        self.accepted(client.patch("/vm", {"state": "Paused"}))
        skiff.send("bc")
        self.assertEqual(self.state(client), "Paused")
        self.assertNotIn(b"bc", skiff.output)
        self.accepted(client.patch("/vm", {"state": "Resumed"}))
        skiff.expect("bc")
        self.assertEqual(skiff.wait().status, 0)

    def test_a_debugger_keeps_its_say(self):
        skiff = self.start_payload("hang", "", "--api-sock", self.socket, "--gdb",
                                   f"unix:{self.scratch}/gdb")
        skiff.expect("hanging")
        client = self.client()
        answer = client.patch("/vm", {"state": "Paused"})
        self.assertEqual(answer.status, 400)
        self.assertIn("debugger", answer.fault)


class Devices(ApiTestCase):
    def test_a_drive_is_read_and_gets_another_file_while_the_guest_runs(self):
        for engine in ("Sync", "Async"):
            with self.subTest(engine=engine):
                first = make_disk(self.scratch / "first", 8 * MIB, 1)
                second = make_disk(self.scratch / "second", 16 * MIB, 2)
                third = make_disk(self.scratch / "third", 4 * MIB, 3)
                skiff, client = self.serve()
                self.describe(client, "virtio_block",
                              "wait=interrupt read:0:64:1 write:64:8:7 resized read:0:64:2 "
                              "read:16384:64:2 write:64:8:8 resized read:0:64:3")
                self.accepted(client.put("/drives/data", {
                    "drive_id": "data", "path_on_host": str(first), "is_root_device": False,
                    "io_engine": engine}))
                self.begin(client)
                for path, old, new in ((second, 16384, 32768), (third, 32768, 8192)):
                    skiff.expect(rf"resized: waiting at capacity {old}\r?\n")
                    answer = client.patch("/drives/data", {"drive_id": "data",
                                                           "path_on_host": "/no/such/disk"})
                    self.assertEqual((answer.status, answer.json["field"]), (400, "path_on_host"))
                    self.accepted(client.patch("/drives/data", {"drive_id": "data",
                                                                "path_on_host": str(path)}))
                    if path == second:  # after the third the guest ends
                        config = client.get("/vm/config").json
                        self.assertEqual(config["drives"][0]["path_on_host"], str(path))
                    skiff.expect(rf"resized: capacity {new} generation changed\r?\n")
                finished = skiff.wait()
                self.assertEqual(finished.status, 0, finished.text)
                self.assertEqual(finished.text.count("content ok"), 4, finished.text)
                for path, seed in ((first, 7), (second, 8)):
                    told = self.run_payload("virtio_block", f"read:64:8:{seed}", "-d", path)
                    self.assertIn("content ok", told.text)

    def test_a_drives_limits_hold_and_can_be_lifted(self):
        disk = make_disk(self.scratch / "disk", MIB, 1)
        skiff, client = self.serve()
        # One operation an hour: what the guest asks for waits until the limit is gone.
        self.describe(client, "virtio_block", "read:0:8:1 read:8:8:1 read:16:8:1")
        self.accepted(client.put("/drives/d", {
            "drive_id": "d", "path_on_host": str(disk), "is_root_device": False,
            "rate_limiter": {"ops": {"size": 1, "refill_time": 3_600_000}}}))
        self.begin(client)
        skiff.expect("read:0:8:1: ")
        self.assertEqual(self.state(client), "Running")
        self.assertNotIn(b"read:8:8:1: ", skiff.output)
        self.accepted(client.patch("/drives/d", {
            "drive_id": "d", "rate_limiter": {"ops": {"size": 0, "refill_time": 0}}}))
        self.assertEqual(skiff.wait().status, 0)

    def test_the_balloon_is_sized_and_tells_statistics(self):
        skiff, client = self.serve(stdin="pipe")
        self.describe(client, "virtio_balloon", "area=4096", mem_size_mib=256)
        self.accepted(client.put("/balloon", {"amount_mib": 4, "deflate_on_oom": True,
                                              "stats_polling_interval_s": 1,
                                              "free_page_hinting": True}))
        self.begin(client)
        skiff.expect("balloon features")
        skiff.send("follow\n")
        skiff.expect(r"follow to 1024\r?\n")
        skiff.send("follow\n")
        skiff.expect(r"follow from 1024\r?\n")
        self.accepted(client.patch("/balloon", {"amount_mib": 8}))
        skiff.expect(r"follow to 2048\r?\n")
        self.assertEqual(client.get("/balloon").json["amount_mib"], 8)
        answer = client.patch("/balloon", {"amount_mib": 257})
        self.assertEqual(answer.status, 400)
        skiff.send(f"statistics {100 << 20} {200 << 20}\n")
        self.wait_until(lambda: "free_memory" in client.get("/balloon/statistics").json,
                        "the statistics arrive")
        statistics = client.get("/balloon/statistics").json
        self.assertEqual(statistics["target_pages"], 2048)
        self.assertEqual(statistics["actual_mib"], 8)
        self.assertEqual(statistics["free_memory"], 100 << 20)
        self.assertEqual(statistics["total_memory"], 200 << 20)
        self.accepted(client.patch("/balloon/statistics", {"stats_polling_interval_s": 2}))
        self.assertEqual(client.patch("/balloon/statistics",
                                      {"stats_polling_interval_s": 0}).status, 400)
        skiff.send("hint 0 16\n")
        self.accepted(client.patch("/balloon/hinting/start"))
        skiff.expect("hint done")
        self.assertEqual(client.get("/balloon/hinting/status").json["hinted_bytes"], 16 * 4096)
        self.assertEqual(client.patch("/balloon/hinting/stop").status, 400)
        skiff.send("end\n")
        self.assertEqual(skiff.wait().status, 0)

    def test_the_serial_port_and_the_log_go_into_files(self):
        skiff, client = self.serve()
        out, log = self.scratch / "console", self.scratch / "log"
        self.accepted(client.put("/serial", {"serial_out_path": str(out)}))
        self.accepted(client.put("/logger", {"log_path": str(log), "level": "Info",
                                             "show_level": True}))
        self.describe(client, "hello")
        self.begin(client)
        finished = skiff.wait()
        self.assertEqual((finished.status, finished.text), (0, ""))
        self.assertIn(b"Hello from a freestanding guest", out.read_bytes())
        self.assertRegex(log.read_text(), r"\[anonymous-instance:\d+:info\] the guest ")

    def test_a_log_that_nobody_reads_holds_nobody_up(self):
        fifo = self.scratch / "log"
        os.mkfifo(fifo)
        skiff, client = self.serve("--log-path", fifo, "--level", "Debug")
        for _ in range(3000):  # more than a pipe holds
            client.get("/version")
        self.describe(client, "hello")
        self.begin(client)
        self.assertEqual(skiff.wait().status, 0)

    def test_the_boot_timer_logs_when_the_guest_is_up(self):
        skiff, client = self.serve("--boot-timer")
        self.describe(client, "boot_timer")
        self.begin(client)
        finished = skiff.wait()
        self.assertEqual(finished.status, 0, finished.text)
        lines = re.findall(r"Guest-boot-time = +\d+ us \d+ ms, +\d+ CPU us \d+ CPU ms",
                           finished.error_text)
        self.assertEqual(len(lines), 1, finished.error_text)


if __name__ == "__main__":
    main()
