#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Linux drives network devices on TAPs in a network namespace that goes with the test: ping, and data both
ways with checksums, on a device with one queue pair, on one with two, and on one without offloads; iperf3;
a cable that is pulled; two guests on a bridge."""

import hashlib
import os
import re
import sys
import time
import unittest

from guest_network import (DOWNLOAD_PORT, IperfServer, Server, enter_namespace, move_data_commands, plain_tap,
                           some_data, watch_link_commands)
from linux_guest import BOOT_SECONDS, image_path, linux_arguments, main
from net_namespace import ip
from skiff_runner import SKIPPED, Skiff, time_factor


IPERF_PORTS = {"sends": 5201, "receives": 5202}
IPERF_BYTES = 256 * 1024


class Device:
    """A TAP, and the guest's device on it."""

    def __init__(self, number, queues=1, offloads=True):
        self.tap = f"tap{number}"
        self.name = f"eth{number}"
        self.queues = queues
        self.offloads = offloads
        self.host = f"10.77.{number}.1"
        self.guest = f"10.77.{number}.2"
        self.descriptors = []

    def make(self):
        multi_queue = ["multi_queue"] if self.queues > 1 else []
        if self.offloads:
            ip("tuntap", "add", "dev", self.tap, "mode", "tap", *multi_queue)
        else:
            self.descriptors = [plain_tap(self.tap)]
        ip("addr", "add", f"{self.host}/24", "dev", self.tap)
        ip("link", "set", self.tap, "up")

    def option(self):
        place = f"tap={self.tap}" if self.offloads else f"fd={self.descriptors[0]}"
        return ["-n", f"{place},queues={self.queues}" if self.queues > 1 else place]

    def guest_commands(self):
        return (f"ip addr add {self.guest}/24 dev {self.name}; ip link set {self.name} up;"
                f" ping -c 3 {self.host};"
                f" echo {self.name}-features=$(cat /sys/class/net/{self.name}/device/features);"
                f" echo {self.name}-queues=$(ls /sys/class/net/{self.name}/queues | wc -l);"
                + move_data_commands(self.host, self.name))


class MoveData(unittest.TestCase):
    """One boot with three devices; what it said, a test for each fact."""

    @classmethod
    def setUpClass(cls):
        cls.devices = [Device(0), Device(1, queues=2), Device(2, offloads=False)]
        cls.data = some_data()
        cls.servers = []
        for device in cls.devices:
            device.make()
            cls.servers.append(Server(device.host, cls.data))
        cls.start_iperf_servers()
        command = ("".join(device.guest_commands() for device in cls.devices) + cls.iperf_commands()
                   + watch_link_commands("eth0", "eth0") + " ping -c 1 10.77.0.1; exit 9")
        nets = [word for device in cls.devices for word in device.option()]
        skiff = Skiff(*linux_arguments("-v", "-c", 2, "-d", f"{image_path('root.ext4')},ro", *nets,
                                       initrd=False, parameters="root=/dev/vda", command=command),
                      pass_fds=[fd for device in cls.devices for fd in device.descriptors])
        cls.addClassCleanup(skiff.kill)
        skiff.expect(r"eth0-WATCHED\r?\n", 6 * BOOT_SECONDS)
        ip("link", "set", "tap0", "down")
        skiff.expect(r"eth0-DOWN\r?\n", BOOT_SECONDS)
        ip("link", "set", "tap0", "up")
        skiff.expect(r"eth0-UP\r?\n", BOOT_SECONDS)
        cls.finished = skiff.wait(BOOT_SECONDS)
        cls.text = cls.finished.text
        cls.story = cls.text[-4000:] + cls.finished.error_text

    @classmethod
    def start_iperf_servers(cls):
        cls.iperf = {}
        for direction, port in IPERF_PORTS.items():
            cls.iperf[direction] = IperfServer(cls.devices[0].host, port)
            cls.addClassCleanup(cls.iperf[direction].kill)

    @classmethod
    def iperf_commands(cls):
        """Short: where the guest's kernel mode is emulated they show no more than that it works."""
        client = f" iperf3 -c {cls.devices[0].host} -n {IPERF_BYTES} -l 16K -p"
        return f"{client} {IPERF_PORTS['sends']}; {client} {IPERF_PORTS['receives']} -R;"

    def test_the_guest_ends_by_itself(self):
        self.assertEqual(self.finished.status, 9, self.story)

    def test_iperf3_measures_both_ways(self):
        for direction, total in (("sends", "sum_received"), ("receives", "sum_sent")):
            report = self.iperf[direction].report()
            self.assertNotIn("error", report, direction)
            self.assertEqual(report["start"]["test_start"]["reverse"], direction == "receives")
            self.assertGreaterEqual(report["end"][total]["bytes"], IPERF_BYTES, direction)

    def test_pings_are_answered(self):
        self.assertEqual(self.text.count("3 packets received"), 3, self.story)

    def test_what_the_guest_receives_is_what_was_sent(self):
        wanted = hashlib.md5(self.data).hexdigest()
        self.assertEqual(re.findall(r"^(eth\d)-got=(\w+)", self.text, re.MULTILINE),
                         [("eth0", wanted), ("eth1", wanted), ("eth2", wanted)], self.story)

    def test_what_the_guest_sends_is_what_arrives(self):
        wanted = hashlib.md5(self.data).hexdigest()
        self.assertEqual([server.received for server in self.servers],
                         [[wanted], [wanted], [wanted]], self.story)

    def test_the_guest_has_as_many_queues_as_were_asked_for(self):
        self.assertEqual(re.findall(r"^(eth\d-queues=\d+)", self.text, re.MULTILINE),
                         ["eth0-queues=2", "eth1-queues=4", "eth2-queues=2"], self.story)

    def test_nothing_was_dropped_or_broken(self):
        for device in self.devices:
            line = re.search(rf"net {device.tap}: (\d+) frames received \([^)]*\), (\d+) dropped;"
                             r" (\d+) frames sent \([^)]*\), (\d+) dropped", self.finished.error_text)
            self.assertIsNotNone(line, self.story)
            self.assertEqual((line[2], line[4]), ("0", "0"), self.story)
        self.assertNotIn("waits for its driver", self.finished.error_text)

    def test_the_guest_has_offloads_where_the_tap_has(self):
        # VIRTIO 1.2, 5.1.3: CSUM, GUEST_CSUM, GUEST_TSO4/6, HOST_TSO4/6.
        features = dict(re.findall(r"^(eth\d)-features=([01]+)", self.text, re.MULTILINE))
        for device in self.devices:
            for bit in (0, 1, 7, 8, 11, 12):
                self.assertEqual(features[device.name][bit], "1" if device.offloads else "0",
                                 f"{device.name}: feature {bit}")

    def test_a_link_that_came_back_works(self):
        self.assertRegex(self.text, r"(?s)eth0-UP.*1 packets received")
        for state in ("down", "up"):
            self.assertIn(f"net tap0: the interface is {state}, and so is the guest's link",
                          self.finished.error_text)


class OnABridge(unittest.TestCase):
    """Two guests that see each other by a bridge of the host."""

    @classmethod
    def setUpClass(cls):
        ip("link", "add", "br0", "type", "bridge")
        ip("link", "set", "br0", "up")
        for tap in ("left", "right"):
            ip("tuntap", "add", "dev", tap, "mode", "tap")
            ip("link", "set", tap, "master", "br0")
            ip("link", "set", tap, "up")
        data = "dd if=/dev/urandom of=/tmp/data bs=64k count=2 2>/dev/null;"
        left = cls.start("left", f"{data} echo left-has=$(md5sum </tmp/data);"
                         f" nc -l -p {DOWNLOAD_PORT} </tmp/data >/dev/null; exit 4")
        left.expect(r"left-has=\w+", 2 * BOOT_SECONDS)
        right = cls.start("right", f"ping -c 3 10.78.0.1; nc 10.78.0.1 {DOWNLOAD_PORT} >/tmp/data;"
                          " echo right-has=$(md5sum </tmp/data); exit 5")
        cls.right = right.wait(3 * BOOT_SECONDS)
        cls.left = left.wait(BOOT_SECONDS)

    @classmethod
    def start(cls, tap, command):
        address = {"left": "10.78.0.1", "right": "10.78.0.2"}[tap]
        skiff = Skiff(*linux_arguments(
            "-v", "-n", f"tap={tap}", "--name", tap,
            command=f"ip addr add {address}/24 dev eth0; ip link set eth0 up; {command}"))
        cls.addClassCleanup(skiff.kill)
        return skiff

    def test_they_answer_each_others_pings(self):
        self.assertIn("3 packets received", self.right.text)

    def test_what_one_sends_is_what_the_other_gets(self):
        self.assertEqual((self.left.status, self.right.status), (4, 5))
        sent = re.search(r"left-has=(\w+)", self.left.text)
        got = re.search(r"right-has=(\w+)", self.right.text)
        self.assertEqual(sent[1], got[1])


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


if __name__ == "__main__":
    REASON = enter_namespace()
    if REASON:
        print(f"SKIPPED: {REASON}")
        sys.exit(SKIPPED)
    main(needs=("kvm", "images"))
