# SPDX-License-Identifier: Apache-2.0
"""Runs one load on one VMM, or with none, and takes what the payload prints and the VMM's CPU time."""

import os
import re
import select
import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from block_cases import SEED, WRITTEN_SEED
from block_vmms import VCPU_THREAD
from measure import BenchError

# Beside the load's own time: start, warming up, the way out.
DEADLINE_SECONDS = 30
EXIT_SECONDS = 10
# The guest's clock may be so far from ours over a run. On a busy machine we may also have been late to
# see the guest's lines, and then the CPU time is of another stretch than the requests: tried again.
CLOCK_TOLERANCE, CLOCK_SLACK_SECONDS = 0.02, 0.02
TRIES = 8


class Late(BenchError):
    """The run's length by our clock and by the guest's do not fit together."""


@dataclass
class Sample:
    """One run."""
    requests: int
    seconds: float
    p50_us: float
    p99_us: float
    cpu_us: float
    notifications: float
    block: int

    @property
    def per_second(self):
        return self.requests / self.seconds

    @property
    def megabytes_per_second(self):
        return self.per_second * self.block / 1e6

    def as_dict(self):
        return {**asdict(self), "per_second": self.per_second,
                "megabytes_per_second": self.megabytes_per_second}


def numbers_of(line):
    """{name: number} of a payload's result line."""
    words = line.split()[1:]
    return {name: int(number) for name, number in zip(words[::2], words[1::2])}


@dataclass
class ThreadTime:
    name: str
    run_ns: int
    guest_ns: int


def thread_times(pid):
    """CPU time that each thread of a process has used, and how much of it inside a guest."""
    times = {}
    tick_ns = 10 ** 9 // os.sysconf("SC_CLK_TCK")
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            fields = (task / "stat").read_text().rpartition(")")[2].split()
            run_ns = int((task / "schedstat").read_text().split()[0])
            name = (task / "comm").read_text().strip()
        except (FileNotFoundError, ProcessLookupError):
            continue
        times[task.name] = ThreadTime(name, run_ns, int(fields[40]) * tick_ns)
    return times


def vmm_time(before, after):
    """Nanoseconds of CPU that the VMM spent between two snapshots: all of what its threads ran, but for
    the time that its vCPU threads spent in the guest."""
    total = 0
    for task, now in after.items():
        then = before.get(task, ThreadTime("", 0, 0))
        spent = now.run_ns - then.run_ns
        if re.fullmatch(VCPU_THREAD, now.name):
            # Guest time is counted in ticks, run time exactly: their difference may be below zero.
            spent = max(0, spent - (now.guest_ns - then.guest_ns))
        total += spent
    return total


class Lines:
    """Lines from a process' standard output, each in time or not at all."""

    def __init__(self, process, seconds):
        self._process = process
        self._end = time.monotonic() + seconds
        self._rest = b""
        self.seen = []

    def expect(self, beginning):
        while True:
            line, separator, rest = self._rest.partition(b"\n")
            if not separator:
                self._read_more(beginning)
                continue
            self._rest = rest
            text = line.decode("utf-8", "backslashreplace").strip()
            self.seen.append(text)
            if text.startswith(beginning):
                return text

    def _read_more(self, beginning):
        left = self._end - time.monotonic()
        ready = left > 0 and select.select([self._process.stdout], [], [], left)[0]
        chunk = os.read(self._process.stdout.fileno(), 4096) if ready else b""
        if not chunk:
            raise BenchError(f"{' '.join(map(str, self._process.args))}: no {beginning!r} came, only "
                             f"{self.seen + [self._rest.decode('utf-8', 'backslashreplace')]}")
        self._rest += chunk


def run_vmm(vmm, case, disk, milliseconds, warm_milliseconds):
    for number in range(TRIES):
        try:
            return run_once(vmm, case, disk, milliseconds, warm_milliseconds)
        except Late:
            if number + 1 == TRIES:
                raise


def run_once(vmm, case, disk, milliseconds, warm_milliseconds):
    with tempfile.TemporaryDirectory(prefix="skiff-bench-") as folder:
        command = vmm.command(case, disk, case.parameters(milliseconds, warm_milliseconds), folder)
        with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            try:
                sample = measure(process, case, milliseconds)
                # Its own way out, so that it has let go of the disk when the next one comes.
                process.wait(EXIT_SECONDS)
                return sample
            except subprocess.TimeoutExpired:
                raise BenchError(f"{vmm.name} does not end with its guest") from None
            finally:
                process.kill()


def measure(process, case, milliseconds):
    lines = Lines(process, DEADLINE_SECONDS + milliseconds / 1000)
    lines.expect("measuring")
    before, began = thread_times(process.pid), time.monotonic()
    lines.expect("measured")
    after, seconds = thread_times(process.pid), time.monotonic() - began
    result = numbers_of(lines.expect("result "))
    guest_seconds = result["ns"] / 1e9
    if abs(guest_seconds - seconds) > seconds * CLOCK_TOLERANCE + CLOCK_SLACK_SECONDS:
        raise Late(f"{case.name}: the guest's clock counted {guest_seconds:.3f} s of {seconds:.3f} s")
    return Sample(requests=result["requests"], seconds=guest_seconds,
                  p50_us=result["p50_ns"] / 1e3, p99_us=result["p99_ns"] / 1e3,
                  cpu_us=vmm_time(before, after) / 1e3 / result["requests"],
                  notifications=result["notifications"] / result["requests"], block=case.block)


def run_host(program, case, disk, milliseconds, warm_milliseconds):
    """The same load by a plain program; its CPU time is all of its own, checking included."""
    done = subprocess.run(
        [str(program), "run", str(disk), case.operation, str(case.block), str(case.depth),
         str(milliseconds), str(warm_milliseconds), str(SEED), str(WRITTEN_SEED),
         "direct" if case.is_direct else "cached"],
        capture_output=True, text=True, timeout=DEADLINE_SECONDS + milliseconds / 1000)
    if done.returncode != 0:
        raise BenchError(f"host program: {done.stderr.strip()}")
    result = numbers_of(done.stdout)
    return Sample(requests=result["requests"], seconds=result["ns"] / 1e9,
                  p50_us=result["p50_ns"] / 1e3, p99_us=result["p99_ns"] / 1e3,
                  cpu_us=result["cpu_ns"] / 1e3 / result["requests"], notifications=0,
                  block=case.block)
