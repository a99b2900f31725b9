# SPDX-License-Identifier: Apache-2.0
"""A driver that breaks every rule of virtio that it can: skiff lives through all of it, answers a reset,
does not grow, does not flood its log, and its other devices go on."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from disk_pattern import make_disk  # noqa: E402
from net_namespace import GUEST_MAC, WithNetwork, make_tap  # noqa: E402
from skiff_runner import SkiffTestCase, amount, main, time_factor  # noqa: E402

MIB = 1 << 20
GUEST_MIB = 160
COMMON_CASES, NETWORK_CASES, BALLOON_CASES, SOCKET_CASES = 107, 40, 31, 13
RACES = 8
# Hundreds of broken rings, and no flood.
MOST_LOG_LINES = 60
MOST_GROWTH_KIB = 24
NEED_TAP = {"AgainstTheNetwork", "AllDevicesInOneGuest"}


def has_sanitizer(pid):
    """Its shadow memory makes it larger than any machine."""
    virtual_kib = int(re.search(r"VmSize:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])
    return virtual_kib > 1 << 30


def own_memory_kib(pid):
    """Anonymous memory in KiB but for the guest's, which is by far the largest mapping."""
    total = size = 0
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == "Size":
            size = int(value.split()[0])
        elif key == "Anonymous" and size < GUEST_MIB * 1024 // 4:
            total += int(value.split()[0])
    return total


class Malicious:
    """The cases against one kind of device."""

    device = ""
    bystanders = "block"
    all_cases = COMMON_CASES
    options = ()
    has_socket = False
    growth = (("", 4, COMMON_CASES),)

    def disk(self):
        return make_disk(self.folder() / "disk", 4 * MIB)

    def start_driver(self, parameters, *arguments):
        socket = ("--vsock", f"cid=9,path={self.folder()}/v.sock") if self.has_socket else ()
        return self.start_payload("virtio_malicious", f"device={self.device} {parameters}",
                                  "-m", f"{GUEST_MIB}M", "-d", self.disk(), *self.options, *socket,
                                  *arguments)

    def check_end(self, skiff, cases, seconds=60):
        finished = skiff.wait(seconds)
        self.assertIn(f"\n{cases} cases, 0 failures\n", finished.text)
        self.assertEqual(finished.status, 0, finished.text)
        self.assertLess(len(finished.error_text.splitlines()), MOST_LOG_LINES)
        return finished

    def test_every_case_ends_as_it_must_and_the_other_device_goes_on(self):
        finished = self.check_end(self.start_driver("strict=1"), self.all_cases)
        self.assertIn(f"victim {self.device}, bystanders {self.bystanders}\n", finished.text)
        # Not a driver that does nothing: what it breaks must be seen to be broken.
        self.assertGreater(len(re.findall(r": needs reset\n", finished.text)), 40)

    def test_a_second_processor_rewrites_what_the_first_submits(self):
        rounds = max(1, amount(3))
        skiff = self.start_driver(f"strict=1 cpus=2 only=race rounds={rounds}", "-c", "2")
        self.check_end(skiff, rounds * RACES)

    def check_growth(self, only, rounds, cases):
        skiff = self.start_driver(f"{only} rounds={rounds}")
        # The first rounds may still fill what is kept for later.
        skiff.expect(f"round {rounds // 2}: ", 60)
        if has_sanitizer(skiff.pid):
            # It keeps freed memory back, and finds leaks by itself when skiff ends.
            self.check_end(skiff, rounds * cases)
            return
        before = own_memory_kib(skiff.pid)
        skiff.expect(f"round {rounds - 1}: ", 60)
        after = own_memory_kib(skiff.pid)
        self.check_end(skiff, rounds * cases)
        self.assertGreater(before, 0)
        self.assertLess(after - before, MOST_GROWTH_KIB)

    def test_memory_does_not_grow(self):
        self.check_growth("only=index_jumps_by_0x8000", max(20, amount(120)), 1)
        # Thousands of exits, each of which costs many times as much where all is slow.
        if time_factor() < 2:
            for only, rounds, cases in self.growth:
                self.check_growth(only, rounds, cases)


class AgainstTheEntropyDevice(Malicious, SkiffTestCase):
    device = "entropy"


class AgainstTheDisk(Malicious, SkiffTestCase):
    device = "block"
    bystanders = "entropy"


class AgainstTheNetwork(Malicious, WithNetwork, SkiffTestCase):
    device = "network"
    bystanders = "entropy block"
    all_cases = COMMON_CASES + NETWORK_CASES
    options = ("-n", f"tap=tap0,queues=2,mac={GUEST_MAC}")
    growth = (("only=receive", 8, 13), ("only=control", 8, 11))

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_tap("tap0", queues=2)


class AgainstTheBalloon(Malicious, SkiffTestCase):
    device = "balloon"
    bystanders = "entropy block"
    all_cases = COMMON_CASES + BALLOON_CASES
    options = ("--balloon", "free-page-reporting")
    growth = (("only=inflate", 8, 13), ("only=hints", 8, 5), ("only=statistics", 8, 4))

    def test_it_takes_memory_that_can_be_shared_as_well(self):
        skiff = self.start_driver("strict=1 only=report", "--memory-backing", "memfd")
        self.check_end(skiff, 4)


class AgainstTheSocket(Malicious, SkiffTestCase):
    device = "socket"
    bystanders = "entropy block"
    all_cases = COMMON_CASES + SOCKET_CASES
    has_socket = True
    growth = (("only=flood", 40, 2), ("only=packet", 8, 11))


class AgainstTheConsole(Malicious, SkiffTestCase):
    """By its named port; the cases of its own protocol are in virtio_console_test.py."""

    device = "console"
    bystanders = "entropy block"
    options = ("--port", "sink=/dev/null")


class AllDevicesInOneGuest(Malicious, WithNetwork, SkiffTestCase):
    """Each is broken in turn, and all others go on."""

    DEVICES = ("entropy", "block", "network", "balloon", "socket", "console")
    device = "all"
    all_cases = len(DEVICES) * COMMON_CASES + NETWORK_CASES + BALLOON_CASES + SOCKET_CASES
    has_socket = True
    options = (*AgainstTheNetwork.options, *AgainstTheBalloon.options, *AgainstTheConsole.options)

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        make_tap("tap0", queues=2)

    def test_every_case_ends_as_it_must_and_the_other_device_goes_on(self):
        # Hundreds of cases, after each of which all devices answer: a few where every exit is dear.
        skiff = self.start_driver("strict=1" if time_factor() < 2 else "strict=1 only=index")
        cases = self.all_cases if time_factor() < 2 else len(self.DEVICES) * 4
        finished = self.check_end(skiff, cases, 150)
        for victim in self.DEVICES:
            others = " ".join(device for device in self.DEVICES if device != victim)
            self.assertIn(f"victim {victim}, bystanders {others}\n", finished.text)

    def test_a_second_processor_rewrites_what_the_first_submits(self):
        skiff = self.start_driver("strict=1 cpus=2 only=race", "-c", "2")
        self.check_end(skiff, len(self.DEVICES) * RACES)

    def test_memory_does_not_grow(self):
        self.check_growth("only=index_jumps_by_0x8000", max(20, amount(60)), len(self.DEVICES))


if __name__ == "__main__":
    main(needs=("kvm", "payloads", *(["tap"] if NEED_TAP & set(sys.argv) else [])))
