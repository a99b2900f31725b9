#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Linux drives network devices on TAPs in a network namespace that goes with the test: ping, and data both
ways with checksums, on a device with one queue pair and on one with two."""

import ctypes
import hashlib
import os
import random
import re
import socket
import subprocess
import sys
import threading
import time
import unittest

from linux_guest import BOOT_SECONDS, linux_arguments, main
from skiff_runner import SKIPPED, Skiff, time_factor

MIB = 1024 * 1024
CLONE_NEWNET = 0x40000000
DOWNLOAD_PORT = 5001
UPLOAD_PORT = 5002


class Device:
    """A TAP, and the guest's device on it."""

    def __init__(self, number, queues):
        self.tap = f"tap{number}"
        self.name = f"eth{number}"
        self.queues = queues
        self.host = f"10.77.{number}.1"
        self.guest = f"10.77.{number}.2"

    def make(self):
        multi_queue = ["multi_queue"] if self.queues > 1 else []
        ip("tuntap", "add", "dev", self.tap, "mode", "tap", *multi_queue)
        ip("addr", "add", f"{self.host}/24", "dev", self.tap)
        ip("link", "set", self.tap, "up")

    def guest_commands(self):
        return (f"ip addr add {self.guest}/24 dev {self.name}; ip link set {self.name} up;"
                f" ping -c 3 {self.host};"
                f" echo {self.name}-queues=$(ls /sys/class/net/{self.name}/queues | wc -l);"
                f" nc {self.host} {DOWNLOAD_PORT} </dev/null >/tmp/data;"
                f" echo {self.name}-got=$(md5sum </tmp/data);"
                f" nc {self.host} {UPLOAD_PORT} </tmp/data >/dev/null; rm /tmp/data;")


class Server:
    """Sends `data` to whoever connects to one port of an address, and hashes what comes to another."""

    def __init__(self, address, data):
        self.data = data
        self.received = []
        for port, serve in ((DOWNLOAD_PORT, self._send), (UPLOAD_PORT, self._receive)):
            listener = socket.create_server((address, port))
            threading.Thread(target=self._accept, args=(listener, serve), daemon=True).start()

    @staticmethod
    def _accept(listener, serve):
        while True:
            connection, _ = listener.accept()
            with connection:
                serve(connection)

    def _send(self, connection):
        connection.sendall(self.data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(MIB):
            pass

    def _receive(self, connection):
        digest = hashlib.md5()
        while True:
            part = connection.recv(MIB)
            if not part:
                break
            digest.update(part)
        self.received.append(digest.hexdigest())


def ip(*arguments):
    return subprocess.run(["ip", *arguments], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def data_bytes():
    """How much is moved each way. KVM that emulates the guest's kernel mode copies a byte at a time, in
    the kernel, so that a mebibyte costs seconds."""
    told = subprocess.run([os.environ["SKIFF"], *linux_arguments("--dry-run")], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    return 1 * MIB if "emulated_cpl0" in told else 64 * MIB


class MoveData(unittest.TestCase):
    """One boot with two devices; what it said, a test for each fact."""

    @classmethod
    def setUpClass(cls):
        cls.devices = [Device(0, queues=1), Device(1, queues=2)]
        cls.data = random.Random(1).randbytes(data_bytes())
        cls.servers = []
        for device in cls.devices:
            device.make()
            cls.servers.append(Server(device.host, cls.data))
        command = "".join(device.guest_commands() for device in cls.devices) + " exit 9"
        nets = [word for device in cls.devices
                for word in ("-n", f"tap={device.tap},queues={device.queues}")]
        skiff = Skiff(*linux_arguments("-v", "-c", 2, *nets, command=command))
        cls.addClassCleanup(skiff.kill)
        cls.finished = skiff.wait(6 * BOOT_SECONDS)
        cls.text = cls.finished.text
        cls.story = cls.text[-4000:] + cls.finished.error_text

    def test_the_guest_ends_by_itself(self):
        self.assertEqual(self.finished.status, 9, self.story)

    def test_pings_are_answered(self):
        self.assertEqual(self.text.count("3 packets received"), 2, self.story)

    def test_what_the_guest_receives_is_what_was_sent(self):
        wanted = hashlib.md5(self.data).hexdigest()
        self.assertEqual(re.findall(r"^(eth\d)-got=(\w+)", self.text, re.MULTILINE),
                         [("eth0", wanted), ("eth1", wanted)], self.story)

    def test_what_the_guest_sends_is_what_arrives(self):
        wanted = hashlib.md5(self.data).hexdigest()
        self.assertEqual([server.received for server in self.servers], [[wanted], [wanted]],
                         self.story)

    def test_the_guest_has_as_many_queues_as_were_asked_for(self):
        self.assertEqual(re.findall(r"^(eth\d-queues=\d+)", self.text, re.MULTILINE),
                         ["eth0-queues=2", "eth1-queues=4"], self.story)

    def test_nothing_was_dropped_or_broken(self):
        for device in self.devices:
            line = re.search(rf"net {device.tap}: (\d+) frames received \([^)]*\), (\d+) dropped;"
                             r" (\d+) frames sent \([^)]*\), (\d+) dropped", self.finished.error_text)
            self.assertIsNotNone(line, self.story)
            self.assertEqual((line[2], line[4]), ("0", "0"), self.story)
        self.assertNotIn("waits for its driver", self.finished.error_text)


class WhatIsWrong(unittest.TestCase):
    """Errors name the interface, and the command that helps."""

    def expect_error(self, net, *texts):
        finished = Skiff(*linux_arguments("-n", net)).wait(20)
        self.assertEqual(finished.status, 1, finished.error_text)
        for text in texts:
            self.assertIn(text, finished.error_text)

    def wait_for_carrier(self, interface):
        """A TAP has one as soon as somebody has attached to it."""
        end = time.monotonic() + 20 * time_factor()
        while "LOWER_UP" not in ip("link", "show", interface):
            self.assertLess(time.monotonic(), end, f"nobody attaches to {interface}")
            time.sleep(0.02)

    def test_a_tap_without_multi_queue(self):
        ip("tuntap", "add", "dev", "single", "mode", "tap")
        self.addCleanup(ip, "tuntap", "del", "dev", "single", "mode", "tap")
        self.expect_error("tap=single,queues=2", "net single", "without multi_queue",
                          "ip tuntap add dev single mode tap multi_queue")

    def test_an_interface_that_is_no_tap(self):
        self.expect_error("tap=lo", "net lo", "no TAP")

    def test_a_tap_in_use(self):
        ip("tuntap", "add", "dev", "used", "mode", "tap")
        self.addCleanup(ip, "tuntap", "del", "dev", "used", "mode", "tap")
        first = Skiff(*linux_arguments("-n", "tap=used"))
        self.addCleanup(first.kill)
        ip("link", "set", "used", "up")
        self.wait_for_carrier("used")
        self.expect_error("tap=used", "net used", "another process uses it")


def enter_namespace():
    """A network namespace of our own, which goes with this process. Says why not, else None."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        return f"no network namespace to be had: {os.strerror(ctypes.get_errno())} (needs root)"
    try:
        ip("link", "set", "lo", "up")
        ip("tuntap", "add", "dev", "probe", "mode", "tap")
        ip("tuntap", "del", "dev", "probe", "mode", "tap")
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no TAP to be had: {error}"
    return None


if __name__ == "__main__":
    REASON = enter_namespace()
    if REASON:
        print(f"SKIPPED: {REASON}")
        sys.exit(SKIPPED)
    main(needs=("kvm", "images"))
