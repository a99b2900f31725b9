#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A Linux that panics, has an oops, hangs or resets by a triple fault: each ends skiff soon, with its status
and a report; and gdb opens the core of one."""

import re
import subprocess
import sys
import time

from linux_guest import BOOT_SECONDS, LinuxTestCase, main
from skiff_runner import image_path, time_factor

PANIC, TRIPLE_FAULT, OOPS, SILENCE = 70, 71, 73, 76
# What a test waits for the end after it saw the event; skiff promises 2 s.
SOON = 10

# In place of sysrq's "show memory": an invalid instruction; and before one, an interrupt table without
# entries (lidt 2(%rip); ud2; ten bytes of zeros).
UD2 = b"\x0f\x0b"
TRIPLE = b"\x0f\x01\x1d\x02\x00\x00\x00" + UD2 + bytes(10)


def symbol(name):
    """The physical address of a kernel symbol (Linux: kernel text is mapped from -2 GiB on)."""
    table = subprocess.run(["nm", image_path("vmlinux")], stdout=subprocess.PIPE, check=True, text=True).stdout
    return int(re.search(rf"^([0-9a-f]+) [Tt] {name}$", table, re.MULTILINE)[1], 16) - 0xffffffff80000000


def breaking(code):
    """A command that writes code over a handler and has it called."""
    octal = "".join(f"\\{byte:03o}" for byte in code)
    return (f"printf '{octal}' | dd of=/dev/mem bs=1 seek={symbol('sysrq_handle_showmem')} conv=notrunc;"
            " echo breaking; echo m >/proc/sysrq-trigger; echo survived")


class BrokenKernel(LinuxTestCase):
    def end_of(self, skiff, event, status):
        """The end, which comes soon after the event is on the console."""
        skiff.expect(event, BOOT_SECONDS)
        start = time.monotonic()
        finished = skiff.wait(SOON)
        print(f"{event!r}: ended after {time.monotonic() - start:.2f} s", file=sys.stderr)
        self.assertEqual(finished.status, status, finished.error_text)
        self.assertNotIn("survived", finished.text)
        return finished

    def test_a_panic_ends_with_status_70_and_gdb_opens_the_core(self):
        core = self.folder() / "core"
        skiff = self.start_linux("--dump-on-crash", core, initrd=False)
        finished = self.end_of(skiff, "Kernel panic - not syncing", PANIC)
        self.assertRegex(finished.error_text, "(?i)panic")
        gdb = subprocess.run(
            ["gdb", "-nx", "-batch", "-ex", "info registers rip", "-ex", "info symbol $pc",
             "-ex", "print (char *)&linux_banner", "-ex", "x/s *(char **)&saved_command_line",
             image_path("vmlinux"), core],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
            timeout=60 * time_factor())
        said = gdb.stdout.decode("utf-8", "backslashreplace")
        self.assertRegex(said, r"rip +0xffffffff8\w+")
        self.assertRegex(said, r"\w+ (\+ \d+ )?in section \.\w*text")
        self.assertRegex(said, r'"Linux version 6\.1\.')
        # The direct map: what the kernel has in memory of its own.
        self.assertIn("quiet", said)

    def test_an_oops_ends_with_status_73_and_all_of_its_trace(self):
        skiff = self.start_linux("--fail-on", "oops", "-q", command=breaking(UD2))
        finished = self.end_of(skiff, r"invalid opcode: 0000 \[#1\]", OOPS)
        self.assertIn("the guest's kernel had an oops: invalid opcode", finished.error_text)
        self.assertIn("sysrq_handle_showmem", finished.text)
        self.assertIn("---[ end trace", finished.text)

    def test_a_triple_fault_ends_with_status_71(self):
        skiff = self.start_linux("-q", command=breaking(TRIPLE))
        finished = self.end_of(skiff, "breaking", TRIPLE_FAULT)
        self.assertRegex(finished.error_text, "(?i)triple fault")

    def test_a_guest_that_falls_silent_ends_with_status_76(self):
        # Not quiet: the time is counted from the first instruction on, and a boot takes some.
        limit = 15 * time_factor()
        # The kernel prints its command line, too: so what the command prints is no part of it.
        skiff = self.start_linux("--silence-timeout", limit, parameters="loglevel=7",
                                 command="echo silent from he''re; exec sleep 1000")
        skiff.expect("silent from here", BOOT_SECONDS)
        finished = skiff.wait(limit / time_factor() + SOON)
        self.assertEqual(finished.status, SILENCE)
        self.assertIn(f"printed nothing for too long: {limit:g} s", finished.error_text)


if __name__ == "__main__":
    main(needs=("kvm", "images"))
