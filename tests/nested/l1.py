# SPDX-License-Identifier: Apache-2.0
"""L1: a stock Linux under QEMU without KVM, whose own /dev/kvm is the SVM path of real hardware.

Runs on the host. L1 sees the host's files (read-only, below a writable layer in its memory), runs
one script and powers off. What the script writes to /dev/ttyS1 arrives here as report lines.
"""

import ctypes
import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time

PR_SET_PDEATHSIG = 1
QEMU = "qemu-system-x86_64"


class L1Ended(Exception):
    """L1 stopped, or its time ran out, before the awaited report line came."""


def _die_with_parent():
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class L1:
    """One run of L1. Use as a context manager: leaving it kills QEMU and removes its files."""

    def __init__(self, images, command, environment, memory="5G", cpus=2):
        self.started = time.monotonic()
        self._folder = tempfile.mkdtemp(prefix="skiff-nested-")
        self._console_path = os.path.join(self._folder, "console")
        script = os.path.join(self._folder, "run")
        with open(script, "w", encoding="utf-8") as file:
            for name, value in environment.items():
                file.write(f"export {name}={_quoted(value)}\n")
            file.write("exec " + " ".join(_quoted(word) for word in command) + "\n")
        self._report, report_writer = os.pipe()
        self._pending = b""
        arguments = [
            QEMU, "-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "EPYC,+svm,+npt",
            "-smp", str(cpus), "-m", memory, "-nodefaults", "-no-reboot", "-display", "none",
            "-chardev", f"file,id=console,path={self._console_path}", "-serial", "chardev:console",
            "-chardev", f"file,id=report,path=/dev/fd/{report_writer}", "-serial", "chardev:report",
            "-virtfs", "local,path=/,mount_tag=host,security_model=none,readonly=on,"
                       "multidevs=remap",
            "-kernel", os.path.join(images, "l1-vmlinuz"),
            "-initrd", os.path.join(images, "l1-initramfs.cpio.gz"),
            "-append", f"console=ttyS0 quiet panic=-1 mitigations=off tsc=reliable l1_run={script}",
        ]
        with open(os.path.join(self._folder, "qemu-errors"), "wb") as errors:
            self._process = subprocess.Popen(
                arguments, stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                pass_fds=[report_writer], preexec_fn=_die_with_parent)
        os.close(report_writer)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._report, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._selector.close()
        os.close(self._report)
        shutil.rmtree(self._folder, ignore_errors=True)

    def report_line(self, deadline):
        """The next line of the report, or L1Ended. The deadline is on the monotonic clock."""
        while b"\n" not in self._pending:
            left = deadline - time.monotonic()
            if left <= 0 or not self._selector.select(left):
                raise L1Ended("L1 did not report in time")
            data = os.read(self._report, 65536)
            if not data:
                raise L1Ended(f"L1 ended; QEMU's status is {self._process.wait()}")
            self._pending += data
        line, self._pending = self._pending.split(b"\n", 1)
        return line.decode("utf-8", "replace").rstrip("\r")

    def console(self, limit=4000):
        """The last `limit` characters of L1's console and what QEMU complained about."""
        text = ""
        for name in ("qemu-errors", "console"):
            with open(os.path.join(self._folder, name), encoding="utf-8", errors="replace") as file:
                lines = [line for line in file if "TCG doesn't support requested" not in line]
            text += "".join(lines).replace("\r", "")
        return text[-limit:]


def _quoted(word):
    return "'" + str(word).replace("'", "'\\''") + "'"
