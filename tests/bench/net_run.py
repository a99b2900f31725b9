# SPDX-License-Identifier: Apache-2.0
"""Runs one load of the network benchmark on one VMM, or with none, and takes what it tells and its CPU
time."""

import subprocess
import tempfile
import time
from dataclasses import asdict, dataclass

from block_run import (CLOCK_SLACK_SECONDS, CLOCK_TOLERANCE, DEADLINE_SECONDS, EXIT_SECONDS, TRIES, Late,
                       Lines, ThreadTime, numbers_of, thread_times, vmm_time)
from measure import BenchError
from net_cases import TAP, frames_from_guest


@dataclass
class Sample:
    """One run."""
    frames: int
    seconds: float
    p50_us: float
    p99_us: float
    cpu_us: float
    notifications: float
    frame: int

    @property
    def per_second(self):
        return self.frames / self.seconds

    @property
    def gigabytes_per_second(self):
        return self.per_second * self.frame / 1e9

    def as_dict(self):
        return {**asdict(self), "per_second": self.per_second,
                "gigabytes_per_second": self.gigabytes_per_second}


class Stretches:
    """Wall and CPU time of the stretches of a run that are measured, added up."""

    def __init__(self, pid):
        self._pid = pid
        self._threads = {}
        self.seconds = 0.0
        self.count = 0

    def begin(self):
        self._before, self._began = thread_times(self._pid), time.monotonic()

    def end(self):
        after, ended = thread_times(self._pid), time.monotonic()
        self.seconds += ended - self._began
        self.count += 1
        for task, now in after.items():
            then = self._before.get(task, ThreadTime("", 0, 0))
            total = self._threads.setdefault(task, ThreadTime(now.name, 0, 0))
            total.run_ns += now.run_ns - then.run_ns
            total.guest_ns += now.guest_ns - then.guest_ns

    def cpu_ns(self):
        return vmm_time({}, self._threads)


def fill(program, case):
    done = subprocess.run([str(program), "fill", TAP, str(case.burst), str(case.frame)],
                          capture_output=True, text=True, timeout=DEADLINE_SECONDS)
    if done.returncode != 0:
        raise BenchError(f"{case.name}: {done.stderr.strip()}")


def run_vmm(vmm, program, case, milliseconds, warm_milliseconds):
    for number in range(TRIES):
        try:
            return run_once(vmm, program, case, milliseconds, warm_milliseconds)
        except Late:
            if number + 1 == TRIES:
                raise


def run_once(vmm, program, case, milliseconds, warm_milliseconds):
    with tempfile.TemporaryDirectory(prefix="skiff-bench-") as folder:
        command = vmm.command(case.parameters(milliseconds, warm_milliseconds), folder)
        before = frames_from_guest()
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT) as process:
            try:
                sample = measure(process, program, case, milliseconds)
                process.wait(EXIT_SECONDS)
            except subprocess.TimeoutExpired:
                raise BenchError(f"{vmm.name} does not end with its guest") from None
            finally:
                process.kill()
    arrived = frames_from_guest() - before
    if case.operation != "receive" and arrived < sample.frames:
        raise BenchError(f"{case.name}: {vmm.name} gave the host {arrived} of {sample.frames} frames")
    return sample


def measure(process, program, case, milliseconds):
    lines = Lines(process, DEADLINE_SECONDS + 10 * milliseconds / 1000)
    stretches = Stretches(process.pid)
    for _ in range(case.bursts(milliseconds) if case.burst else 1):
        if case.burst:
            lines.expect("waiting")
            fill(program, case)
            process.stdin.write(b"\n")
            process.stdin.flush()
        lines.expect("measuring")
        stretches.begin()
        lines.expect("measured")
        stretches.end()
    return sample_of(numbers_of(lines.expect("result ")), stretches, case)


def sample_of(result, stretches, case):
    # What it printed, and so what we timed, is a little more than what it measured, each time.
    seconds = result["clock_ns"] / 1e9
    slack = seconds * CLOCK_TOLERANCE + CLOCK_SLACK_SECONDS * stretches.count
    if abs(seconds - stretches.seconds) > slack:
        raise Late(f"{case.name}: the guest's clock counted {seconds:.3f} s of "
                   f"{stretches.seconds:.3f} s")
    return Sample(frames=result["frames"], seconds=result["ns"] / 1e9,
                  p50_us=result["p50_ns"] / 1e3, p99_us=result["p99_ns"] / 1e3,
                  cpu_us=stretches.cpu_ns() / 1e3 / result["frames"],
                  notifications=result["notifications"] / result["frames"], frame=case.frame)


def run_host(program, case, milliseconds, warm_milliseconds):
    """The same on the bare TAP, by one thread; its CPU time is all of its own."""
    arguments = case.host_arguments(milliseconds, warm_milliseconds)
    done = subprocess.run([str(program), *map(str, arguments)], capture_output=True, text=True,
                          timeout=DEADLINE_SECONDS + 10 * milliseconds / 1000)
    if done.returncode != 0:
        raise BenchError(f"host program: {done.stderr.strip()}")
    result = numbers_of(done.stdout)
    return Sample(frames=result["frames"], seconds=result["ns"] / 1e9,
                  p50_us=result["p50_ns"] / 1e3, p99_us=result["p99_ns"] / 1e3,
                  cpu_us=result["cpu_ns"] / 1e3 / result["frames"], notifications=0,
                  frame=case.frame)
