# SPDX-License-Identifier: Apache-2.0
"""Many microVMs of one program, on TAPs, and skiffs that are killed: nothing is left that a next start minds."""

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiClient, ApiTestCase, open_files  # noqa: E402
from disk_pattern import make_disk  # noqa: E402
from net_namespace import GUEST_MAC, HOST_MAC, WithNetwork, Wire, ip, make_tap  # noqa: E402
from skiff_runner import main, payload_path, skiff_path, some, time_factor  # noqa: E402

MIB = 1 << 20
TEST_TYPE = 0x88B5
FRAMES = 20


def processes_with(text):
    """The ids of processes whose command line has this text."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if text.encode() in (entry / "cmdline").read_bytes():
                    found.append(entry.name)
            except OSError:
                pass
    return found


class FleetTestCase(WithNetwork, ApiTestCase):
    def add_tap(self, name):
        ip("tuntap", "add", "dev", name, "mode", "tap")
        ip("link", "set", name, "up")
        self.addCleanup(ip, "tuntap", "del", "dev", name, "mode", "tap")

    def attachable(self, name):
        """Whether nobody has the TAP."""
        return subprocess.run(["ip", "-details", "link", "show", name], capture_output=True, text=True,
                              check=True).stdout.count("NO-CARRIER") == 1


class ManyMicroVms(FleetTestCase):
    # How each ends: by itself, by a signal, by a key.
    ENDS = (("virtio_net", f"send:{FRAMES}:1514", f"send:{FRAMES}:1514: "),
            ("power_button", "", "waiting for the power button"), ("keyboard", "", "waiting for keys"))

    def live(self, number, failures):
        path, tap = self.scratch / f"{number}.sock", f"fleet{number}"
        payload, arguments, word = self.ENDS[number % len(self.ENDS)]
        try:
            with subprocess.Popen([skiff_path(), "--api-sock", str(path)], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
                self.addCleanup(process.kill)
                client = ApiClient(path, seconds=60)
                self.describe(client, payload, arguments)
                self.accepted(client.put("/network-interfaces/eth0", {
                    "iface_id": "eth0", "host_dev_name": tap, "guest_mac": GUEST_MAC}))
                self.accepted(client.put("/vsock", {"guest_cid": number + 3,
                                                    "uds_path": str(self.scratch / f"{number}.vsock")}))
                self.begin(client)
                text = self.end(process, client, word)
                client.close()
                if process.returncode != 0 or word not in text:
                    failures.append((number, process.returncode, text))
        except Exception as error:  # noqa: BLE001
            failures.append((number, repr(error)))

    def end(self, process, client, word):
        text = ""
        while word not in text:
            part = os.read(process.stdout.fileno(), 4096).decode()
            if not part:
                break
            text += part
        if "power" in word:
            process.terminate()
        elif "keys" in word:
            self.accepted(client.put("/actions", {"action_type": "SendCtrlAltDel"}))
        output, errors = process.communicate(timeout=60 * time_factor())
        return text + output.decode() + errors.decode()

    def test_fifty_side_by_side_leave_nothing(self):
        numbers = some(range(50))
        for number in numbers:
            self.add_tap(f"fleet{number}")
        before, failures = open_files(os.getpid()), []
        threads = [threading.Thread(target=self.live, args=(number, failures)) for number in numbers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(failures, [])
        self.assertEqual([path.name for path in self.scratch.iterdir()], [])
        self.assertEqual(processes_with(str(self.scratch)), [])
        self.assertEqual(open_files(os.getpid()), before)
        for number in numbers:
            self.assertTrue(self.attachable(f"fleet{number}"), number)


class Traffic(FleetTestCase):
    def test_frames_pass_a_tap_of_the_api_both_ways(self):
        make_tap("tap0")
        self.addCleanup(ip, "tuntap", "del", "dev", "tap0", "mode", "tap")
        wire = Wire("tap0")
        self.addCleanup(wire.close)
        skiff, client = self.serve()
        self.describe(client, "virtio_net", f"echo:{FRAMES}", mem_size_mib=256)
        self.accepted(client.put("/network-interfaces/eth0", {
            "iface_id": "eth0", "host_dev_name": "tap0", "guest_mac": GUEST_MAC}))
        self.begin(client)
        skiff.expect("ready\r?\n")
        head = bytes.fromhex((GUEST_MAC + HOST_MAC).replace(":", "")) + TEST_TYPE.to_bytes(2, "big")
        contents = [random.Random(size).randbytes(size) for size in range(46, 46 + FRAMES * 70, 70)]
        for content in contents:
            wire.send(head + content)
        for content in contents:
            got = wire.receive(20 * time_factor(), TEST_TYPE)
            self.assertIsNotNone(got)
            self.assertEqual(got[14:], content)
        self.assertEqual(skiff.wait().status, 0)


class Killed(FleetTestCase):
    """kill -9 at each stage of a life, and a new start on the same paths and TAP."""

    def setUp(self):
        super().setUp()
        self.add_tap("tap0")
        self.disk = make_disk(self.scratch / "disk", MIB)

    def describe_all(self, client, payload, arguments):
        """With everything that a path or an interface belongs to."""
        self.describe(client, payload, arguments)
        self.accepted(client.put("/drives/disk", {"drive_id": "disk", "path_on_host": str(self.disk),
                                                  "is_root_device": False}))
        self.accepted(client.put("/network-interfaces/eth0", {"iface_id": "eth0", "host_dev_name": "tap0"}))
        self.accepted(client.put("/vsock", {"guest_cid": 3, "uds_path": str(self.scratch / "vsock")}))
        self.accepted(client.put("/serial", {"serial_out_path": str(self.scratch / "console")}))
        self.accepted(client.put("/logger", {"log_path": str(self.scratch / "log")}))

    def console(self):
        path = self.scratch / "console"
        return path.read_text() if path.exists() else ""

    def runs(self, word="waiting for the power button"):
        self.wait_until(lambda: word in self.console(), "the guest runs")

    def bring_to(self, stage, skiff):
        """Takes a skiff that was just started as far as the stage."""
        if stage == "at once":
            return
        client = self.client()
        if stage == "listening":
            return
        self.describe_all(client, "power_button", "ignore=1")
        if stage == "described":
            return
        if stage == "starting":  # the answer is not waited for
            client.send("PUT", "/actions", {"action_type": "InstanceStart"})
            return
        self.begin(client)
        self.runs()
        self.assertFalse(self.attachable("tap0"))
        if stage == "paused":
            self.accepted(client.patch("/vm", {"state": "Paused"}))
        if stage == "shutting down":
            skiff.signal(signal.SIGTERM)
            self.wait_until(lambda: "asking the guest" in (self.scratch / "log").read_text(),
                            "the guest is asked to shut down")

    def test_at_each_stage_the_next_start_finds_all_as_it_was(self):
        for stage in ("at once", "listening", "described", "starting", "running", "paused", "shutting down"):
            with self.subTest(stage=stage):
                skiff = self.start("--api-sock", self.socket)
                self.bring_to(stage, skiff)
                skiff.signal(signal.SIGKILL)
                self.assertEqual(skiff.wait().status, -signal.SIGKILL)

                skiff, client = self.serve()
                self.describe_all(client, "virtio_block", "read:0:8:1")
                self.begin(client)
                self.assertEqual(skiff.wait().status, 0)
                self.assertIn("content ok", self.console())
                self.assertTrue(self.attachable("tap0"))
                self.assertEqual(sorted(path.name for path in self.scratch.iterdir()), ["console", "disk", "log"])
                self.assertEqual(processes_with(str(self.scratch)), [])
                (self.scratch / "console").unlink()


if __name__ == "__main__":
    main()
