#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures the API of skiff beside a bare reference program (and Firecracker, where there is one), in one run.

First answer: from posix_spawn to a 200 on the Unix socket. Start: from InstanceStart to the first byte of a
freestanding PVH guest's output (128 MiB, 1 vCPU). Both by tests/bench/first_answer.c, all interleaved. Memory:
resident beside the guest's, of a guest that was started by the API, has printed a line and halts.
"""

import argparse
import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

import measure
from measure import BenchError, Spread, run_bench
from start import host, show_progress

GUEST_MIB = 128
REALTIME_PRIORITY = 10
# What issue and documentation promise (docs/benchmarks.md).
MAX_ANSWER_MS, MAX_START_MS, MAX_RSS_KIB = 1.3, 1.5, 2.8 * 1024


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build/release", help="build folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=100, help="samples of each VMM (%(default)s)")
    parser.add_argument("--realtime", action="store_true",
                        help="run all of it with real-time priority, so that what else runs on this "
                             "machine does not get in between (needs root)")
    parser.add_argument("--json", metavar="FILE", help="write all samples and results there")
    parser.add_argument("--check", action="store_true", help="status 1 if a bound does not hold")
    return parser.parse_args()


class Servers:
    """What serves the API, by name: command lines for a socket and an image."""

    def __init__(self, build, folder):
        self.helper = build / "tests/bench/bench_first_answer"
        self.payloads = build / "payloads"
        self.skiff, self.reference = build / "skiff", build / "tests/bench/bench_reference"
        for path in (self.helper, self.skiff, self.reference, self.image("hello"), self.image("hang")):
            if not path.exists():
                raise BenchError(f"{path} is missing: build it first (./dev bench does)")
        self.skiff = measure.installed(self.skiff, folder)

    def image(self, name):
        return self.payloads / f"{name}.elf"

    def commands(self, place, image):
        """`place`: the path of the socket."""
        found = {"skiff": [self.skiff, "--api-sock", place], "reference": [self.reference, image, place]}
        if firecracker := os.environ.get("FIRECRACKER"):
            found["Firecracker"] = [firecracker, "--api-sock", place]
        return {name: [str(word) for word in command] for name, command in found.items()}


def one_round(servers, place, command):
    """Milliseconds to the first answer, and from InstanceStart to the guest's first byte."""
    image = str(servers.image("hello"))
    run = subprocess.run([str(servers.helper), str(measure.DEADLINE_SECONDS * 1000), str(place), image, *command],
                         capture_output=True, text=True, timeout=measure.DEADLINE_SECONDS + 10, check=False)
    if run.returncode != 0:
        raise BenchError(f"{' '.join(command)}: {run.stderr.strip() or 'no output'}")
    answer, start, byte = run.stdout.split()
    if chr(int(byte)) != "H":
        raise BenchError(f"{command[0]}: the guest's first byte was {chr(int(byte))!r}")
    return int(answer) / 1e6, int(start) / 1e6


def measure_times(servers, place, rounds):
    commands = servers.commands(place, servers.image("hello"))
    names = list(commands)
    samples = {name: [] for name in names}
    progress = show_progress("API", rounds)
    for number in range(-1, rounds):  # one goes before
        for position in range(len(names)):
            name = names[(number + position) % len(names)]
            taken = one_round(servers, place, commands[name])
            if number >= 0:
                samples[name].append(taken)
        progress(number + 1)
    result = {}
    for column, what in enumerate(("answer", "start")):
        floor = [taken[column] for taken in samples["reference"]]
        for name in names:
            series = [taken[column] for taken in samples[name]]
            result.setdefault(name, {})[what] = {
                "ms": Spread.of(series).as_dict(), "samples_ms": series,
                "ratio": Spread.of([one / least for one, least in zip(series, floor)]).as_dict()}
    return result


class Client(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=measure.DEADLINE_SECONDS)
        self.path = str(path)

    def connect(self):
        end = time.monotonic() + measure.DEADLINE_SECONDS
        while True:
            self.sock = socket.socket(socket.AF_UNIX)
            try:
                return self.sock.connect(self.path)
            except OSError:
                self.sock.close()
                if time.monotonic() > end:
                    raise BenchError(f"nobody serves {self.path}") from None
                time.sleep(0.002)

    def put(self, path, body):
        self.request("PUT", path, json.dumps(body), {"Content-Type": "application/json"})
        answer = self.getresponse()
        content = answer.read()
        if answer.status not in (200, 204):
            raise BenchError(f"PUT {path}: {answer.status} {content!r}")


@contextlib.contextmanager
def running(servers, place, name):
    """A server whose guest halts; its process."""
    command = servers.commands(place, servers.image("hang"))[name]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        try:
            client = Client(place)
            client.put("/machine-config", {"vcpu_count": 1, "mem_size_mib": GUEST_MIB})
            client.put("/boot-source", {"kernel_image_path": str(servers.image("hang")),
                                        "boot_args": "mode=halt"})
            client.request("PUT", "/actions", json.dumps({"action_type": "InstanceStart"}))
            measure.wait_for_output(process, b"hanging")
            time.sleep(measure.SETTLE_SECONDS)
            yield process
        finally:
            process.kill()
            Path(place).unlink(missing_ok=True)


def measure_memory(servers, place, runs=5):
    result = {}
    for name in servers.commands(place, ""):
        taken = []
        for _ in range(runs):
            with running(servers, place, name) as process:
                taken.append(measure.footprint_of(process.pid, GUEST_MIB * measure.MIB))
        result[name] = asdict(sorted(taken, key=lambda footprint: footprint.rss)[runs // 2])
    return result


def print_times(result, what, title):
    print(f"\n{title}; {result['skiff'][what]['ms']['n']} interleaved rounds")
    print(f"  {'ms':<14}{'median':>9}{'min':>9}{'q1':>9}{'q3':>9}   ratio to the reference, per round")
    for name, row in result.items():
        ms, ratio = row[what]["ms"], row[what]["ratio"]
        print(f"  {name:<14}{ms['median']:>9.2f}{ms['minimum']:>9.2f}{ms['q1']:>9.2f}{ms['q3']:>9.2f}"
              f"   {ratio['median']:.2f} (quartiles {ratio['q1']:.2f} to {ratio['q3']:.2f})")


def print_memory(result):
    print("\nMemory beside the guest's, and threads, of a guest that halts")
    print(f"  {'KiB':<14}{'resident':>9}{'private':>9}{'threads':>9}")
    for name, row in result.items():
        print(f"  {name:<14}{row['rss']:>9}{row['private']:>9}{len(row['threads']):>9}   "
              f"{', '.join(row['threads'])}")


def bounds(results):
    """(what, measured, bound)"""
    times = results["times"]["skiff"]
    yield "first answer, ms", times["answer"]["ms"]["median"], MAX_ANSWER_MS
    yield "InstanceStart to the guest, ms", times["start"]["ms"]["median"], MAX_START_MS
    yield "resident KiB", results["memory"]["skiff"]["rss"], MAX_RSS_KIB


def print_bounds(results):
    print("\nBounds")
    held = True
    for what, measured, bound in bounds(results):
        held &= measured <= bound
        print(f"  {what:<36}{measured:>10.6g}  at most {bound:<8g}{'ok' if measured <= bound else 'EXCEEDED'}")
    return held


def run(arguments):
    results = {"host": host()}
    print(f"{results['host']['cpu']}, {results['host']['cpus']} CPUs, Linux {results['host']['kernel']}, "
          f"load {results['host']['load_average']:.2f}")
    if arguments.realtime:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
        print("All of it runs with real-time priority.")
    elif results["host"]["load_average"] > 0.5:
        print("The machine is not idle: look at the ratios, not at the times.")
    with tempfile.TemporaryDirectory(prefix="skiff-bench-") as folder:
        servers = Servers(Path(arguments.build).resolve(), folder)
        place = Path(folder) / "api.sock"
        results["times"] = measure_times(servers, place, arguments.rounds)
        print_times(results["times"], "answer", "First answer: exec to a 200 on the socket")
        print_times(results["times"], "start",
                    f"Start: InstanceStart to the guest's first byte; {GUEST_MIB} MiB, 1 vCPU")
        results["memory"] = measure_memory(servers, place)
        print_memory(results["memory"])
    held = print_bounds(results)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=2) + "\n")
    return 1 if arguments.check and not held else 0


if __name__ == "__main__":
    sys.exit(run_bench("api", run, parse_arguments()))
