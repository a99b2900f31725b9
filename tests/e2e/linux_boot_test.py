#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Linux boots, sees the machine that was asked for, is heard completely, and ends skiff as it should."""

import hashlib
import os
import pty
import re
import signal
import termios
import time
import unittest

from linux_guest import (BOOT_SECONDS, PROMPT, LinuxTestCase, expect_ready, linux_arguments, main,
                         wait_until_idle)
from output_stream import SlowReader
from skiff_runner import Skiff, time_factor

KIB = 1024


# Linux probes the keyboard beside the start of user space, and gives up an answer after 0.2 s: a busy
# host may need another try.
WAIT_FOR_KEYBOARD = ("until grep -q keyboard /proc/bus/input/devices && ! dmesg | grep -q 'Failed to en';"
                     " do dmesg -c >/dev/null; echo -n rescan >/sys/bus/serio/devices/serio0/drvctl;"
                     " sleep 1; done")


def value(text, name):
    """The value of the line `name=value`."""
    match = re.search(rf"^{name}=(.*)$", text, re.MULTILINE)
    if match is None:
        raise AssertionError(f"no {name}= in: {text}")
    return match[1]


def fresh_terminal_attributes():
    """termios of a pseudo-terminal that nobody has changed."""
    master, slave = pty.openpty()
    try:
        return termios.tcgetattr(slave)
    finally:
        os.close(master)
        os.close(slave)


def clock_tolerance():
    """Seconds. Linux counts timer ticks until it has a clock source, in the first part of its boot, and
    loses those that a busy host delivers late."""
    return 3 * time_factor()


class TwoCpusAndASlowReader(unittest.TestCase):
    """One boot of vmlinux, whose output nobody reads for a while; what it said, a test for each fact."""

    SIZE = 64 * KIB
    # Long lines cost the guest's terminal layer less.
    COMMAND = ("echo cpus=$(nproc); echo memory=$(grep MemTotal /proc/meminfo);"
               " echo time=$(date +%s);"
               " echo clocks=$(cat /sys/devices/system/clocksource/*/available_clocksource);"
               " echo irqs=$(grep -c ttyS0 /proc/interrupts);"
               f" echo numbers=$(seq -s ' ' 20000 | head -c {SIZE}); exit 7")

    @classmethod
    def setUpClass(cls):
        skiff = Skiff(*linux_arguments("-c", 2, "-m", "96M", command=cls.COMMAND),
                      slow_reader=SlowReader(pipe_size=4096))
        cls.addClassCleanup(skiff.kill)
        expect_ready(skiff)
        cls.ready_time = time.time()
        # Nobody reads until the guest is held back (or has written all of it to skiff's buffer):
        # then nobody computes any more.
        skiff.stdout.may_read.clear()
        wait_until_idle(skiff)
        cls.read_when_held_back = len(skiff.output)
        skiff.stdout.may_read.set()
        cls.finished = skiff.wait(2 * BOOT_SECONDS)
        cls.end_time = time.time()
        cls.text = cls.finished.text

    def test_the_status_of_the_command_is_skiffs_exit_status(self):
        self.assertEqual(self.finished.status, 7, self.text[-1000:] + self.finished.error_text)

    def test_both_cpus_are_online(self):
        self.assertEqual(value(self.text, "cpus"), "2")

    def test_memory_is_what_was_asked_for(self):
        kilobytes = int(re.search(r"(\d+) kB", value(self.text, "memory"))[1])
        self.assertLess(kilobytes, 96 * KIB)
        self.assertGreater(kilobytes, 72 * KIB)

    def test_the_clock_is_right(self):
        guest_time = int(value(self.text, "time"))
        self.assertGreater(guest_time, self.ready_time - clock_tolerance())
        self.assertLess(guest_time, self.end_time + clock_tolerance())
        self.assertIn("kvm-clock", value(self.text, "clocks").split())

    def test_the_serial_port_works_by_interrupt(self):
        self.assertEqual(value(self.text, "irqs"), "1")

    def test_64_kib_of_output_arrive_complete(self):
        self.assertLess(self.read_when_held_back, self.SIZE, "the reader was faster than the guest")
        wanted = " ".join(str(number) for number in range(1, 20001))[:self.SIZE]
        got = value(self.text, "numbers")
        if got != wanted:
            at = len(os.path.commonprefix([got, wanted]))
            self.fail(f"{len(got)} of {len(wanted)} bytes; they differ at {at}: "
                      f"{got[max(0, at - 20):at + 20]!r}, not {wanted[max(0, at - 20):at + 20]!r}")


class LinuxBoot(LinuxTestCase):
    def test_bzimage_gives_a_shell_that_console_input_and_ctrl_c_reach(self):
        skiff = self.start_linux("--balloon", "free-page-reporting,stats=1", kernel="bzImage",
                                 parameters="TERM=xterm", stdin="terminal")
        expect_ready(skiff)
        skiff.expect(PROMPT)
        self.assertNotEqual(skiff.terminal_attributes(), fresh_terminal_attributes())
        asked_at = time.time()
        skiff.send("echo answer=$((6*7)) $TERM; tty; echo time=$(date +%s)\n")
        skiff.expect(r"\nanswer=42 xterm\r\n/dev/ttyS0\r\n")
        guest_time = int(skiff.expect(r"time=(\d+)\r\n")[1])
        self.assertGreater(guest_time, asked_at - clock_tolerance())
        self.assertLess(guest_time, time.time() + clock_tolerance())
        skiff.expect(PROMPT)
        self.change_the_balloon(skiff)
        # Said by the very process that is to be interrupted, so that it is in the foreground by then.
        skiff.send("sh -c 'echo wait\"\"ing; exec sleep 1000'\n")
        skiff.expect(r"waiting\r\n")
        skiff.send("\x03")
        skiff.expect(PROMPT)
        # Text pasted at once arrives whole, though it is longer than any FIFO.
        pasted = "".join(f"{number:04d}" for number in range(200))
        skiff.send(f"echo ended=$?; echo -n {pasted} | md5sum; exit 5\n")
        skiff.expect(r"\nended=130\r\n")
        skiff.expect(hashlib.md5(pasted.encode()).hexdigest())
        finished = skiff.wait(BOOT_SECONDS)
        self.assertEqual(finished.status, 5)
        self.assertEqual(skiff.terminal_attributes(), fresh_terminal_attributes())

    def change_the_balloon(self, skiff):
        """Through the menu, while Linux runs: its memory follows, and what it frees goes back."""
        skiff.send("grep MemTotal /proc/meminfo\n")
        total = int(skiff.expect(r"MemTotal: *(\d+) kB")[1])
        skiff.expect(PROMPT)
        for mib in (1, 0):
            self.ask_menu(skiff, f"b {mib}", "the guest is asked for it")
            wanted = total - mib * KIB
            skiff.send(f"until grep -q ' {wanted} kB' /proc/meminfo; do sleep 0.1; done;"
                       f" echo balloon''={mib}\n")
            skiff.expect(rf"balloon={mib}\r\n", BOOT_SECONDS)
            skiff.expect(PROMPT)
            size = f"{mib} MiB" if mib else "0 B"
            self.ask_menu(skiff, "i", rf"balloon: {size} in it, {size} wanted\r\n"
                          r"the guest's memory, \d+ s ago: .*free \d+.*, total \d+.*\r\n")
        # All that has been free for some seconds, in blocks of 2 MiB: nearly the whole guest.
        self.wait_until(lambda: int(self.ask_menu(
            skiff, "i", r"inflated, (\d+)[.\d]* [MK]iB reported")[1]) > 100, "free memory is reported")

    @staticmethod
    def ask_menu(skiff, command, answer):
        skiff.send("\x1d")
        skiff.expect("skiff> ")
        skiff.send(f"{command}\r")
        return skiff.expect(answer)

    def test_piped_input_is_read_its_end_costs_no_cpu_time_and_sigterm_ends_the_guest_orderly(self):
        skiff = self.start_linux("--grace", 30, stdin="pipe")
        skiff.send(f"{WAIT_FOR_KEYBOARD}; echo piped=$((6*7))\n")
        skiff.close_stdin()
        expect_ready(skiff)
        skiff.expect(r"\npiped=42\r?\n", BOOT_SECONDS)
        wait_until_idle(skiff)
        # An idle guest has 100 timer ticks a second at most; a loop on the closed pipe uses a CPU.
        begin = skiff.cpu_seconds()
        time.sleep(2)
        self.assertLess(skiff.cpu_seconds() - begin, 0.6)
        skiff.signal(signal.SIGTERM)  # Ctrl-Alt-Del to this kernel, which has no ACPI
        finished = skiff.wait(35)
        self.assertIn("reboot: Restarting system", finished.text)  # Linux did it, not skiff
        self.assertEqual(finished.status, 0)

    def test_memory_above_4_gib_is_usable_and_a_reset_ends_with_status_0(self):
        # All of 5 GiB would take Linux 40 s to set up here, so the middle is left out.
        command = ("grep RAM /proc/iomem; grep -A9 Normal /proc/zoneinfo | xargs echo zone;"
                   " reboot -f; sleep 60")
        holes = "memmap=2944M$128M memmap=1920M$4224M"
        finished = self.start_linux("-m", "5G", parameters=holes, command=command).wait(BOOT_SECONDS)
        self.assertEqual(finished.status, 0, finished.text)
        self.assertRegex(finished.text, r"\n *100000000-107ffffff : System RAM\n")
        # Linux takes pages from the highest zone first: some of these 128 MiB are in use by now.
        zone = re.search(r"^zone .*free (\d+).*present (\d+)", finished.text, re.MULTILINE)
        self.assertEqual(int(zone[2]), 128 * KIB // 4)
        self.assertLess(int(zone[1]), int(zone[2]) - 1000)

    def test_a_panic_ends_with_status_70_and_is_reported(self):
        finished = self.start_linux(initrd=False).wait(BOOT_SECONDS)
        self.assertIn("Kernel panic - not syncing", finished.text)
        self.assertEqual(finished.status, 70)
        self.assertRegex(finished.error_text, "(?i)panic")

    def test_timeout_ends_a_boot_with_status_124_and_restores_the_terminal(self):
        skiff = self.start_linux("--timeout", 1, initrd=False, stdin="terminal")
        finished = skiff.wait(20)
        self.assertEqual(finished.status, 124)
        self.assertEqual(skiff.terminal_attributes(), fresh_terminal_attributes())
        self.assertLess(finished.seconds, 5)


if __name__ == "__main__":
    main(needs=("kvm", "images"))
