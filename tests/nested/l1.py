#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""L1: a stock Linux under QEMU without KVM, whose own /dev/kvm is the SVM path of real hardware.

Runs on the host. L1 sees the host's files (read-only, below a writable layer in its memory), runs
one command and powers off. What the command writes to /dev/ttyS1 arrives here as report lines.

    l1.py COMMAND [ARGUMENT...]      runs it with L1's console on this terminal
"""

import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import sys
import tempfile
import time

PR_SET_PDEATHSIG = 1
QEMU = "qemu-system-x86_64"
# This QEMU does not intercept XSETBV for a hypervisor, so that KVM would not know its guest's XCR0:
# there is no XSAVE then, nor what builds on it.
CPU = "EPYC,+svm,+npt,-xsave,-xsaveopt,-xsavec,-xgetbv1,-avx,-avx2,-f16c,-fma"
BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../guest-images/l1/build")
EX_UNAVAILABLE = 69
TIME_FACTOR = 3  # What L1 runs is interpreted: the deadlines of tests in it are stretched.
STATUS = "L1 STATUS "  # The last line of a report; the command's exit status follows.
PASSED_ON = ("SKIFF", "SKIFF_PAYLOADS", "SKIFF_GUEST_IMAGES")


class Unavailable(Exception):
    """This machine lacks what L1 needs; the text says what, and what to do."""


class L1Ended(Exception):
    """L1 stopped, or its time ran out, before the awaited report line came."""


def prepare():
    """Fetches the images unless they are there; returns their folder."""
    if not shutil.which(QEMU):
        raise Unavailable(f"{QEMU} is missing: apt-get install qemu-system-x86")
    build = subprocess.run([BUILD], stdout=subprocess.PIPE, text=True, check=False)
    if build.returncode == EX_UNAVAILABLE:
        raise Unavailable("the stock kernels cannot be had (the reason is above)")
    if build.returncode != 0:
        sys.exit("guest-images/l1/build failed")
    return build.stdout.splitlines()[-1]


def environment(images):
    """What a command in L1 finds in its environment."""
    variables = {name: os.path.realpath(os.environ[name])
                 for name in PASSED_ON if os.environ.get(name)}
    variables["SKIFF_NESTED_IMAGES"] = images
    hosts_factor = float(os.environ.get("SKIFF_TEST_TIME_FACTOR", "1"))
    variables["SKIFF_TEST_TIME_FACTOR"] = str(TIME_FACTOR * hosts_factor)
    variables["PYTHONDONTWRITEBYTECODE"] = "1"
    return variables


def _die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class L1:
    """One run of L1. Use as a context manager: leaving it kills QEMU and removes its files.

    With `interactive`, L1's console is this process's standard input and output; else console()
    tells what was on it.
    """

    def __init__(self, images, command, memory="5G", cpus=2, interactive=False):
        self.started = time.monotonic()
        self._folder = tempfile.mkdtemp(prefix="skiff-nested-")
        self._console_path = os.path.join(self._folder, "console")
        script = os.path.join(self._folder, "run")
        with open(script, "w", encoding="utf-8") as file:
            for name, value in environment(images).items():
                file.write(f"export {name}={_quoted(value)}\n")
            file.write("exec " + " ".join(_quoted(word) for word in command) +
                       ("\n" if interactive else " </dev/null\n"))
        self._report, report_writer = os.pipe()
        self._pending = b""
        self._closed = False
        self._last_console = ""
        console = "stdio,id=console,signal=off" if interactive else \
            f"file,id=console,path={self._console_path}"
        arguments = [
            QEMU, "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", CPU,
            "-smp", str(cpus), "-m", memory, "-nodefaults", "-no-reboot", "-display", "none",
            "-chardev", console, "-serial", "chardev:console",
            "-chardev", f"file,id=report,path=/dev/fd/{report_writer}", "-serial", "chardev:report",
            "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,"
                       "multidevs=remap",
            "-kernel", os.path.join(images, "l1-vmlinuz"),
            "-initrd", os.path.join(images, "l1-initramfs.cpio.gz"),
            "-append", f"console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable l1_run={script}",
        ]
        with open(os.path.join(self._folder, "qemu-errors"), "wb") as errors:
            self._process = subprocess.Popen(
                arguments, stdin=None if interactive else subprocess.DEVNULL,
                stdout=None if interactive else errors, stderr=errors,
                pass_fds=[report_writer], preexec_fn=_die_with_parent)
        os.close(report_writer)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._report, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Kills QEMU and reaps it; more than once does no harm."""
        if self._closed:
            return
        self._last_console = self.console()
        self._closed = True
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._selector.close()
        os.close(self._report)
        shutil.rmtree(self._folder, ignore_errors=True)

    def report_line(self, deadline):
        """The next line of the report, or L1Ended. The deadline is on the monotonic clock, or
        infinite."""
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(None if left == float("inf") else left):
                raise L1Ended("L1 did not report in time")
            data = os.read(self._report, 65536)
            if not data:
                raise L1Ended(f"L1 ended; QEMU's status is {self._process.wait()}")
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode("utf-8", "replace").rstrip("\r")

    def console(self, limit=4000):
        """The last `limit` characters of L1's console and what QEMU complained about."""
        if self._closed:
            return self._last_console
        text = ""
        for name in ("qemu-errors", "console"):
            if not os.path.exists(os.path.join(self._folder, name)):
                continue  # Interactive, or QEMU did not get that far.
            with open(os.path.join(self._folder, name), encoding="utf-8", errors="replace") as file:
                lines = [line for line in file if "TCG doesn't support requested" not in line]
            text += "".join(lines).replace("\r", "")
        return text[-limit:]


def _quoted(word):
    return "'" + str(word).replace("'", "'\\''") + "'"


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: l1.py COMMAND [ARGUMENT...]")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        with L1(prepare(), sys.argv[1:], interactive=True) as machine:
            while not (line := machine.report_line(float("inf"))).startswith(STATUS):
                print(line)
            return int(line[len(STATUS):])
    except (Unavailable, L1Ended) as why:
        sys.exit(str(why))


if __name__ == "__main__":
    sys.exit(main())
