#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A guest on the host's own network by passt, which an ordinary user starts: DHCP, DNS, data both ways, a
forwarded port, and a passt that dies and comes back. The network is a namespace that goes with the test."""

import ctypes
import hashlib
import os
import re
import shutil
import signal
import socket
import struct
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from guest_network import (CLONE_NEWNS, Server, enter_namespace, move_data_commands, some_data,
                           watch_link_commands)
from linux_guest import BOOT_SECONDS, find_images, image_path, linux_arguments, main
from skiff_runner import SKIPPED, Skiff, time_factor
from user_network import DHCP_ADDRESS, DHCP_SCRIPT, GATEWAY, add_interface, ask_forwarded_port, make_uplink

NOBODY = 65534
NAME_SERVER = "10.99.0.53"
ANSWER = "10.1.2.3"
MS_PRIVATE = 0x40000
MS_REC = 0x4000
MS_BIND = 0x1000
MNT_DETACH = 2


def wait_until(condition, what, seconds=20):
    end = time.monotonic() + seconds * time_factor()
    while not condition():
        if time.monotonic() > end:
            raise AssertionError(f"not in time: {what}")
        time.sleep(0.02)


def children_of(pid):
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[1]) == pid and fields[0] != "Z":
            found.append(int(stat.parent.name))
    return found


def is_gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


class NameServer:
    """Answers every question for an address with the same one."""

    def __init__(self):
        self.asked = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((NAME_SERVER, 53))
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self):
        while True:
            question, client = self._socket.recvfrom(1024)
            end = question.index(b"\0", 12) + 5
            self.asked.append(question[12:end])
            is_address = question[end - 4:end] == b"\0\1\0\1"
            answer = (b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4" + socket.inet_aton(ANSWER)
                      if is_address else b"")
            header = question[:2] + struct.pack(">HHHHH", 0x8180, 1, 1 if is_address else 0, 0, 0)
            self._socket.sendto(header + question[12:end] + answer, client)


class AnOrdinaryUser:
    """Runs skiff as the user nobody, on copies of what it needs, with a PATH of our own."""

    def __init__(self):
        self.folder = Path(tempfile.mkdtemp(prefix="skiff-user-net-"))
        self.folder.chmod(0o755)
        self.programs = self.folder / "bin"
        self.programs.mkdir()
        self.passt = self.programs / "passt"
        self.install_passt()
        for image in ("vmlinux", "initramfs.cpio"):
            shutil.copy(image_path(image), self.folder / image)
        shutil.copy(os.environ["SKIFF"], self.folder / "skiff")
        os.environ["SKIFF"] = str(self.folder / "skiff")
        os.environ["SKIFF_GUEST_IMAGES"] = str(self.folder)

    def install_passt(self):
        self.passt.symlink_to(shutil.which("passt"))

    def start(self, *arguments, prefix=(), **options):
        return Skiff(*linux_arguments(*arguments, **options),
                     prefix=[shutil.which("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups",
                             *prefix],
                     environment={"PATH": str(self.programs)})

    def remove(self):
        ctypes.CDLL(None).umount2(os.fsencode(self.folder / "dev"), MNT_DETACH)
        shutil.rmtree(self.folder)


USER = None


class AGuest(unittest.TestCase):
    """One boot; what it said, a test for each fact."""

    @classmethod
    def setUpClass(cls):
        cls.data = some_data(16)
        cls.server = Server("127.0.0.1", cls.data)
        cls.names = NameServer()
        command = (DHCP_SCRIPT + " ip link set eth0 up; udhcpc -i eth0 -n -q -s /tmp/u;"
                   f" nslookup web.test {NAME_SERVER};"
                   " ip route add 169.254.169.254 dev eth0;"
                   " echo metadata=$(wget -q -O - http://169.254.169.254/latest/ami-id);"
                   # The passt of Debian 12 does not go on where a window was full at a half close.
                   + move_data_commands(GATEWAY, "user", half_closed=False)
                   + " echo LISTENING; echo hello | nc -l -p 80 >/tmp/got; echo forwarded=$(cat /tmp/got);"
                   + watch_link_commands("eth0", "user")
                   + f" nslookup again.test {NAME_SERVER}; exit 6")
        metadata = USER.folder / "metadata.json"
        metadata.write_text('{"latest": {"ami-id": "ami-1"}}')
        skiff = USER.start("-v", "--metadata", metadata, "-n", f"user,hostfwd=tcp:127.0.0.1:8080:80,dns={NAME_SERVER}",
                           command=command)
        cls.addClassCleanup(skiff.kill)
        skiff.expect(r"LISTENING\r?\n", 4 * BOOT_SECONDS)
        cls.answer = ask_forwarded_port(8080, b"from-outside\n")
        skiff.expect(r"user-WATCHED\r?\n", BOOT_SECONDS)
        cls.passts = children_of(skiff.pid)
        USER.passt.unlink()
        os.kill(cls.passts[0], signal.SIGKILL)
        skiff.expect(r"user-DOWN\r?\n", BOOT_SECONDS)
        USER.install_passt()
        skiff.expect(r"user-UP\r?\n", BOOT_SECONDS)
        cls.last_passts = children_of(skiff.pid)
        cls.finished = skiff.wait(BOOT_SECONDS)
        cls.text = cls.finished.text
        cls.story = cls.text[-4000:] + cls.finished.error_text

    def test_the_guest_ends_by_itself(self):
        self.assertEqual(self.finished.status, 6, self.story)

    def test_dhcp_gives_the_hosts_address_and_the_name_server_that_was_asked_for(self):
        self.assertIn(f"dhcp={DHCP_ADDRESS},{GATEWAY},{NAME_SERVER}", self.text)

    def test_names_are_resolved(self):
        self.assertRegex(self.text, rf"Name:\s+web\.test\s+Address:\s+{re.escape(ANSWER)}")
        self.assertTrue(any(b"\3web\4test" in question for question in self.names.asked))

    def test_the_metadata_service_is_beside_passt(self):
        self.assertIn("metadata=ami-1", self.text, self.story)

    def test_data_moves_both_ways(self):
        wanted = hashlib.md5(self.data).hexdigest()
        self.assertIn(f"user-got={wanted}", self.text)
        self.assertEqual(self.server.received, [wanted], self.story)

    def test_a_forwarded_port_leads_to_the_guest_and_back(self):
        self.assertEqual(self.answer, b"hello\n", self.story)
        self.assertIn("forwarded=from-outside", self.text)

    def test_a_passt_that_dies_is_told_and_replaced(self):
        self.assertIn("net user: passt ended with signal 9 (Killed)", self.finished.error_text)
        self.assertIn("apt-get install passt", self.finished.error_text)
        self.assertIn("passt runs again", self.finished.error_text)
        self.assertEqual(len(self.last_passts), 1)
        self.assertNotEqual(self.passts, self.last_passts)

    def test_a_link_that_came_back_works(self):
        self.assertRegex(self.text, rf"(?s)user-UP.*Name:\s+again\.test\s+Address:\s+{re.escape(ANSWER)}")

    def test_passt_ends_with_the_machine(self):
        wait_until(lambda: all(is_gone(pid) for pid in self.last_passts), "the end of passt")

    def test_nothing_is_dropped(self):
        self.assertRegex(self.finished.error_text,
                         r"net user: \d+ frames received \([^)]*\), 0 dropped;")


class ItsProcess(unittest.TestCase):
    """Without waiting for a guest."""

    def start(self, *arguments, **options):
        skiff = USER.start(*arguments, **options)
        self.addCleanup(skiff.kill)
        return skiff

    def running_passt(self, skiff):
        wait_until(lambda: children_of(skiff.pid), "a passt")
        return children_of(skiff.pid)[0]

    def test_it_ends_where_skiff_is_killed(self):
        skiff = self.start("-n", "user")
        passt = self.running_passt(skiff)
        os.kill(skiff.pid, signal.SIGKILL)
        wait_until(lambda: is_gone(passt), "the end of passt")

    def test_it_ends_where_skiff_is_killed_that_runs_as_root(self):
        skiff = Skiff(*linux_arguments("-n", "user"))
        self.addCleanup(skiff.kill)
        passt = self.running_passt(skiff)
        os.kill(skiff.pid, signal.SIGKILL)
        wait_until(lambda: is_gone(passt), "the end of passt")

    def test_a_port_that_is_in_use_is_an_error_in_its_words(self):
        with socket.create_server(("127.0.0.1", 8099)):
            finished = self.start("-n", "user,hostfwd=tcp:127.0.0.1:8099:80").wait(20)
        self.assertEqual(finished.status, 1)
        self.assertRegex(finished.error_text, "net user: passt ended with status 1: .*127.0.0.1/8099")
        self.assertEqual(finished.error_text.count("\n"), 1, finished.error_text)

    def test_a_host_without_passt_is_told_what_to_install(self):
        finished = self.start("-n", "user", prefix=[shutil.which("env"), "PATH=/no/such/folder"]).wait(20)
        self.assertEqual(finished.status, 1)
        self.assertIn("apt-get install passt", finished.error_text)


def make_network():
    """An interface with a default route, and a name server's address. And a /dev/kvm that everybody may
    open, in a mount namespace of our own."""
    make_uplink()
    add_interface("names", NAME_SERVER)
    libc = ctypes.CDLL(None, use_errno=True)
    libc.mount(None, b"/", None, MS_PRIVATE | MS_REC, None)
    folder = USER.folder / "dev"
    folder.mkdir()
    libc.mount(b"dev", os.fsencode(folder), b"tmpfs", 0, None)  # one on which devices work
    node = folder / "kvm"
    os.mknod(node, 0o600 | 0o020000, os.stat("/dev/kvm").st_rdev)
    os.chmod(node, 0o666)
    if libc.mount(os.fsencode(node), b"/dev/kvm", None, MS_BIND, None) != 0:
        raise OSError(ctypes.get_errno(), "cannot mount over /dev/kvm")


def why_not():
    if shutil.which("passt") is None:
        return "there is no passt (apt-get install passt)"
    return enter_namespace(CLONE_NEWNS)


if __name__ == "__main__":
    find_images()
    REASON = why_not()
    if REASON:
        print(f"SKIPPED: {REASON}")
        sys.exit(SKIPPED)
    if os.path.exists("/dev/kvm") and "SKIFF_GUEST_IMAGES" in os.environ:
        USER = AnOrdinaryUser()
        make_network()
    try:
        main(needs=("kvm", "images"))
    finally:
        if USER:
            USER.remove()
