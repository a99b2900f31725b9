# SPDX-License-Identifier: Apache-2.0
"""Starts the real skiff and watches it: the support of the kvm, e2e and nested test tiers.

Environment:
  SKIFF                   path of the skiff binary (needed)
  SKIFF_PAYLOADS          folder of the freestanding payloads (NAME.elf)
  SKIFF_GUEST_IMAGES      folder of the Linux images (vmlinux, bzImage, initramfs.cpio, root.ext4)
  SKIFF_TEST_TIME_FACTOR  every deadline is multiplied by it (default 1): for slow machines

A test module derives from SkiffTestCase and ends with `main(needs=...)`. What a tier needs and does not
find ends it with status 77 and the reason; a wait that runs out fails the test and shows what the guest
wrote last.
"""

import dataclasses
import fcntl
import functools
import json
import os
import pty
import re
import signal
import subprocess
import sys
import tempfile
import termios
import threading
import time
import unittest
from pathlib import Path

from output_stream import SlowReader, Stream

SKIPPED = 77
TAIL_SIZE = 4000


def time_factor():
    return float(os.environ.get("SKIFF_TEST_TIME_FACTOR", "1"))


def amount(size):
    """`size`, or a small part of it where the time factor tells of a machine (an interpreted one) on
    which every exit costs many times as much."""
    return size if time_factor() < 2 else size // 32


def some(cases):
    """All of `cases`, or the first and the last where every start costs many times as much."""
    cases = list(cases)
    return cases if time_factor() < 2 or len(cases) < 3 else [cases[0], cases[-1]]


def skiff_path():
    return os.environ["SKIFF"]


def payload_path(name):
    return os.path.join(os.environ["SKIFF_PAYLOADS"], name + ".elf")


def image_path(name):
    return os.path.join(os.environ["SKIFF_GUEST_IMAGES"], name)


@functools.lru_cache(maxsize=None)
def doctor():
    """What `skiff doctor --json` says, as a dictionary."""
    finished = subprocess.run([skiff_path(), "doctor", "--json"], stdin=subprocess.DEVNULL,
                              stdout=subprocess.PIPE, timeout=20 * time_factor(), check=False)
    return json.loads(finished.stdout)


def backend():
    """The KVM backend: "vmx", "svm", "pvm" or "other"."""
    return doctor()["backend"]


def tail(data):
    text = bytes(data[-TAIL_SIZE:]).decode("utf-8", "backslashreplace")
    return ("…" if len(data) > TAIL_SIZE else "") + text


@dataclasses.dataclass
class Finished:
    """How a run ended. `status` is negative for a signal, as in subprocess."""

    status: int
    output: bytes
    errors: bytes
    seconds: float

    @property
    def text(self):
        return self.output.decode("utf-8", "backslashreplace").replace("\r\n", "\n")

    @property
    def error_text(self):
        return self.errors.decode("utf-8", "backslashreplace").replace("\r\n", "\n")


class Skiff:
    """One running skiff.

    `stdin` is "null", "pipe", or "terminal": a pseudo-terminal that is standard input and output and
    the controlling terminal (then `output` is what a user would see). Standard error is always a pipe.
    `prefix` is a command that executes skiff, and so keeps its process id. `pass_fds` are inherited.
    """

    def __init__(self, *arguments, stdin="null", slow_reader=None, environment=None, cwd=None, prefix=(),
                 pass_fds=()):
        self.arguments = [*prefix, skiff_path(), *map(str, arguments)]
        self.terminal = None
        self.position = 0
        self._changed = threading.Condition()
        self._started = time.monotonic()
        self._stdin = None
        self._attributes = None

        slave = None
        preexec = None
        if stdin == "terminal":
            master, slave = pty.openpty()
            self.terminal = os.ttyname(slave)
            self._slave = slave
            self._stdin = master
            output = os.dup(master)
            child_stdin = child_stdout = slave
            preexec = functools.partial(fcntl.ioctl, 0, termios.TIOCSCTTY, 0)
        else:
            output, child_stdout = os.pipe()
            if slow_reader and slow_reader.pipe_size:
                fcntl.fcntl(output, fcntl.F_SETPIPE_SZ, slow_reader.pipe_size)
            child_stdin = subprocess.PIPE if stdin == "pipe" else subprocess.DEVNULL

        self.process = subprocess.Popen(
            self.arguments, stdin=child_stdin, stdout=child_stdout, stderr=subprocess.PIPE, bufsize=0,
            start_new_session=True, preexec_fn=preexec, cwd=cwd, pass_fds=pass_fds,
            env={**os.environ, **(environment or {})})
        if slave is None:
            os.close(child_stdout)
            if stdin == "pipe":
                self._stdin = self.process.stdin.fileno()
        self.stdout = Stream(output, self._changed, slow_reader)
        self.stderr = Stream(os.dup(self.process.stderr.fileno()), self._changed)
        self.process.stderr.close()
        self.stdout.start()
        self.stderr.start()

    @property
    def pid(self):
        return self.process.pid

    @property
    def output(self):
        with self._changed:
            return bytes(self.stdout.data)

    @property
    def errors(self):
        with self._changed:
            return bytes(self.stderr.data)

    def story(self):
        """What there is to tell when something went wrong."""
        status = self.process.poll()
        state = "still running" if status is None else f"ended with status {status}"
        return (f"{' '.join(self.arguments)}\n{state}\n--- output ({len(self.output)} bytes)\n"
                f"{tail(self.output)}\n--- errors\n{tail(self.errors)}\n---")

    def expect(self, pattern, seconds=20, stream="stdout"):
        """Waits until the regular expression matches in what came since the last match on standard
        output (on standard error: in all of it); the match."""
        compiled = re.compile(pattern.encode() if isinstance(pattern, str) else pattern)
        source = getattr(self, stream)
        found = []

        def look():
            match = compiled.search(bytes(source.data), self.position if stream == "stdout" else 0)
            if match:
                found.append(match)
            return bool(match) or source.ended

        with self._changed:
            self._changed.wait_for(look, seconds * time_factor())
        if not found:
            raise AssertionError(f"{pattern!r} did not come on {stream}\n{self.story()}")
        if stream == "stdout":
            self.position = found[0].end()
        return found[0]

    def send(self, data, seconds=20):
        """Writes all of `data` to standard input."""
        data = data.encode() if isinstance(data, str) else data
        failed = []

        def write():
            try:
                rest = memoryview(data)
                while rest:
                    rest = rest[os.write(self._stdin, rest):]
            except OSError as error:
                failed.append(error)

        writer = threading.Thread(target=write, daemon=True)
        writer.start()
        writer.join(seconds * time_factor())
        if writer.is_alive() or failed:
            raise AssertionError(f"input was not taken ({failed})\n{self.story()}")

    def close_stdin(self):
        self.process.stdin.close()

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=20):
        """Waits for the end, of the process and of its output."""
        try:
            status = self.process.wait(seconds * time_factor())
        except subprocess.TimeoutExpired:
            raise AssertionError(
                f"skiff did not end within {seconds} s\n{self.story()}") from None
        took = time.monotonic() - self._started
        self._close_terminal()
        self.stdout.join()
        self.stderr.join()
        return Finished(status, self.output, self.errors, took)

    def of_threads(self, name):
        """What /proc says of each of its threads in the file `name`; without those that end meanwhile."""
        texts = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                texts.append((task / name).read_text())
            except (FileNotFoundError, ProcessLookupError):
                pass
        return texts

    def has_thread_sanitizer(self):
        return "libtsan" in Path(f"/proc/{self.pid}/maps").read_text()

    def threads(self):
        """Names of its threads, without those that KVM (its huge-page recovery) and ThreadSanitizer add."""
        names = [text.rstrip("\n") for text in self.of_threads("comm")]
        if self.has_thread_sanitizer() and names.count("skiff") > 1:
            names.remove("skiff")
        return sorted(name for name in names if not name.startswith("kvm-"))

    def cpu_seconds(self):
        """User and system time that all of its threads have used."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def terminal_attributes(self):
        """termios of the terminal; after wait(): as skiff left it."""
        return self._attributes or termios.tcgetattr(self._slave)

    def kill(self):
        """Ends it, whatever it does; for clean-up."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
            self.process.wait()
        self.stdout.may_read.set()
        self._close_terminal()
        self.stdout.join()
        self.stderr.join()
        if self.terminal:
            os.close(self._stdin)
        elif self.process.stdin:
            self.process.stdin.close()

    def _close_terminal(self):
        if self.terminal and self._slave >= 0:
            self._attributes = termios.tcgetattr(self._slave)
            os.close(self._slave)
            self._slave = -1


class SkiffTestCase(unittest.TestCase):
    """Starts skiffs, ends them with the test, and shows their consoles if it failed."""

    maxDiff = None

    def setUp(self):
        self.started = []
        self.addCleanup(self._end_all)

    def _end_all(self):
        result = getattr(getattr(self, "_outcome", None), "result", None)
        broken = getattr(result, "failures", []) + getattr(result, "errors", [])
        failed = any(getattr(test, "test_case", test) is self for test, _ in broken)
        for skiff in self.started:
            if failed:
                print(f"\n=== {self.id()}: {skiff.story()}", file=sys.stderr)
            skiff.kill()

    def start(self, *arguments, **options):
        """`skiff ARGUMENTS…`"""
        skiff = Skiff(*arguments, **options)
        self.started.append(skiff)
        return skiff

    def start_payload(self, name, parameters="", *arguments, **options):
        """`skiff run NAME.elf -a PARAMETERS ARGUMENTS…`"""
        more = ["-a", parameters] if parameters else []
        return self.start("run", payload_path(name), *more, *arguments, **options)

    def run_skiff(self, *arguments, seconds=20, **options):
        return self.start(*arguments, **options).wait(seconds)

    def run_payload(self, name, parameters="", *arguments, seconds=20, **options):
        return self.start_payload(name, parameters, *arguments, **options).wait(seconds)

    def folder(self):
        """A temporary folder that goes with the test."""
        folder = tempfile.TemporaryDirectory(prefix="skiff-test-")
        self.addCleanup(folder.cleanup)
        return Path(folder.name)

    def wait_until(self, condition, what, seconds=20):
        """Polls for something that cannot be waited for otherwise."""
        end = time.monotonic() + seconds * time_factor()
        while not condition():
            if time.monotonic() > end:
                self.fail(f"{what}: not within {seconds} s")
            time.sleep(0.01)


def checksum(data):
    """FNV-1a, 32 bits: what the payloads print."""
    value = 2166136261
    for byte in data:
        value = ((value ^ byte) * 16777619) & 0xFFFFFFFF
    return f"0x{value:08x}"


def missing(needs):
    """The first need that is not there, in words; None where all are."""
    if not os.access(os.environ.get("SKIFF", ""), os.X_OK):
        return "no skiff binary: set SKIFF to its path"
    if "kvm" in needs and not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "no /dev/kvm that may be opened"
    if "payloads" in needs and not os.path.exists(
            os.path.join(os.environ.get("SKIFF_PAYLOADS", ""), "hello.elf")):
        return "no payloads: set SKIFF_PAYLOADS to their folder"
    if "tap" in needs and os.geteuid() != 0:
        return "no network namespace and no TAP to be had: this needs root"
    if "images" in needs and not os.path.exists(
            os.path.join(os.environ.get("SKIFF_GUEST_IMAGES", ""), "vmlinux")):
        return "no guest images: set SKIFF_GUEST_IMAGES to their folder"
    return None


def main(needs=("kvm", "payloads")):
    """unittest.main() for the calling module; status 77 with the reason where a need is missing."""
    if reason := missing(needs):
        print(f"SKIPPED: {reason}")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
