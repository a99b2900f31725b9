#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every kind of device in one Linux guest: its root on a disk, its console on hvc0, a TAP and the user
network, sockets, and a balloon that changes its size while it runs."""

import random
import shutil
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

from guest_network import enter_namespace
from linux_guest import BOOT_SECONDS, PROMPT, expect_ready, image_path, linux_arguments, main
from net_namespace import ip
from skiff_runner import SKIPPED, Skiff, time_factor
from user_network import DHCP_ADDRESS, DHCP_SCRIPT, GATEWAY, ask_forwarded_port, make_uplink
from vsock_streams import OneService, ask, md5_line

TAP_HOST, TAP_GUEST = "10.77.0.1", "10.77.0.2"
PORT = 8080
BALLOON_MIB = 16  # each page is dear where the guest's kernel mode is emulated
DRIVERS = {"virtio_balloon", "virtio_blk", "virtio_console", "virtio_net", "virtio_rng",
           "vmw_vsock_virtio_transport"}


class AllDevices(unittest.TestCase):
    """One boot; what was seen in it, a test for each fact."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="skiff-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        shutil.copy(image_path("root.ext4"), cls.folder / "root.ext4")
        cls.sockets = cls.folder / "v.sock"
        cls.data = random.Random(1).randbytes(20_000)
        service = OneService(cls.sockets, 6000, cls.data)
        cls.start()
        cls.look_around()
        cls.use_tap()
        cls.use_user_network()
        cls.do("vsock listen 5000 md5sum & vsock connect 6000 md5sum")
        cls.told_by_guest = service.answer()
        cls.answer_of_guest = ask(cls.sockets, 5000, cls.data)
        cls.change_balloon()
        cls.skiff.send("echo done >/written; exit 7\n")
        cls.finished = cls.skiff.wait(BOOT_SECONDS)

    @classmethod
    def start(cls):
        cls.skiff = Skiff(
            *linux_arguments("-v", "-d", cls.folder / "root.ext4", "-n", "tap=tap0",
                             "-n", f"user,hostfwd=tcp:{PORT}:80",
                             "--balloon", "deflate-on-oom,free-page-reporting",
                             "--vsock", f"cid=3,path={cls.sockets}", "--console", "virtio",
                             initrd=False, parameters="root=/dev/vda rw"),
            stdin="terminal")
        cls.addClassCleanup(cls.skiff.kill)
        expect_ready(cls.skiff)
        cls.skiff.expect(PROMPT, BOOT_SECONDS)

    @classmethod
    def do(cls, command, seconds=2 * BOOT_SECONDS):
        """What the guest's shell prints for a command."""
        cls.skiff.send(command + "\n")
        cls.skiff.expect(r"\n")
        return cls.skiff.expect(r"(?s)(.*?)" + PROMPT, seconds)[1].decode().replace("\r", "")

    @classmethod
    def look_around(cls):
        cls.terminal = cls.do("tty")
        cls.root = cls.do("grep ' / ' /proc/mounts")
        cls.drivers = cls.do("cd /sys/bus/virtio/drivers; echo */virtio*; cd")

    @classmethod
    def use_tap(cls):
        cls.do(f"ip addr add {TAP_GUEST}/24 dev eth0; ip link set eth0 up")
        cls.pings = cls.do(f"ping -c 2 {TAP_HOST}")

    @classmethod
    def use_user_network(cls):
        cls.do(DHCP_SCRIPT.rstrip(";"))
        cls.dhcp = cls.do("ip link set eth1 up; udhcpc -i eth1 -n -q -s /tmp/u")
        cls.skiff.send("echo hello | nc -l -p 80\n")
        cls.forwarded_answer = ask_forwarded_port(PORT, b"from-outside\n")
        cls.forwarded = cls.skiff.expect(r"(?s)(.*?)" + PROMPT, BOOT_SECONDS)[1].decode()

    @classmethod
    def change_balloon(cls):
        """By the menu of Ctrl-], while the shell waits."""
        cls.sizes = []
        for mib in (BALLOON_MIB, 0):
            size = f"{mib} MiB" if mib else "0 B"
            cls.menu(f"b {mib}", "the guest is asked for it")
            cls.wait_for_balloon(size)
            cls.sizes.append(size)

    @classmethod
    def menu(cls, command, answer):
        cls.skiff.send(b"\x1d")
        cls.skiff.expect("skiff> ")
        cls.skiff.send(command + "\r")
        return cls.skiff.expect(answer)

    @classmethod
    def wait_for_balloon(cls, size):
        end = time.monotonic() + 2 * BOOT_SECONDS * time_factor()
        while cls.menu("i", r"balloon: ([^,]+) in it, ")[1].decode() != size:
            if time.monotonic() > end:
                raise AssertionError(f"the balloon does not come to {size}\n{cls.skiff.story()}")
            time.sleep(0.1)

    def test_the_guest_ends_by_itself(self):
        self.assertEqual(self.finished.status, 7, self.finished.text + self.finished.error_text)

    def test_the_console_is_hvc0(self):
        self.assertEqual(self.terminal, "/dev/hvc0\n")

    def test_the_root_is_the_disk_and_keeps_what_was_written(self):
        self.assertRegex(self.root, "^/dev/root / ext4 rw,|^/dev/vda / ext4 rw,")
        written = subprocess.run(["debugfs", "-R", "cat /written", self.folder / "root.ext4"], check=True,
                                 stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=20).stdout
        self.assertEqual(written, b"done\n")

    def test_each_driver_has_its_devices(self):
        found = [word.partition("/")[0] for word in self.drivers.split()]
        self.assertEqual(set(found), DRIVERS, self.drivers)
        self.assertEqual(found.count("virtio_net"), 2, self.drivers)

    def test_pings_over_the_tap_are_answered(self):
        self.assertIn("2 packets received", self.pings)

    def test_dhcp_gives_the_hosts_address(self):
        self.assertIn(f"dhcp={DHCP_ADDRESS},{GATEWAY}", self.dhcp)

    def test_the_forwarded_port_leads_to_the_guest_and_back(self):
        self.assertEqual(self.forwarded_answer, b"hello\n")
        self.assertIn("from-outside", self.forwarded)

    def test_a_stream_each_way(self):
        self.assertEqual(self.told_by_guest, md5_line(self.data))
        self.assertEqual(self.answer_of_guest.partition(b"\n")[2], md5_line(self.data))

    def test_the_balloon_follows_the_menu(self):
        self.assertEqual(self.sizes, [f"{BALLOON_MIB} MiB", "0 B"])
        self.assertRegex(self.finished.error_text,
                         rf"balloon: given back: {BALLOON_MIB} MiB inflated, .*; {BALLOON_MIB * 256} pages deflated")

    def test_nothing_was_dropped_or_broken(self):
        self.assertNotIn("waits for its driver", self.finished.error_text)
        for name in ("tap0", "user"):
            self.assertRegex(self.finished.error_text, rf"net {name}: \d+ frames received \([^)]*\), 0 dropped;"
                             r" \d+ frames sent \([^)]*\), 0 dropped")


def why_not():
    if shutil.which("passt") is None:
        return "there is no passt (apt-get install passt)"
    return enter_namespace()


if __name__ == "__main__":
    REASON = why_not()
    if REASON:
        print(f"SKIPPED: {REASON}")
        sys.exit(SKIPPED)
    ip("tuntap", "add", "dev", "tap0", "mode", "tap")
    ip("addr", "add", f"{TAP_HOST}/24", "dev", "tap0")
    ip("link", "set", "tap0", "up")
    make_uplink()
    main(needs=("kvm", "images"))
