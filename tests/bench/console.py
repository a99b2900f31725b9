#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures how long a guest takes to print through the virtio console, beside the serial port.

Freestanding guests send the same numbered lines; the time is from the first byte that arrives to the
last. Rounds are interleaved, and each round's ratio is of two runs beside each other.
"""

import argparse
import json
import os
import subprocess
import sys
import time

from measure import DEADLINE_SECONDS, BenchError, Spread, run_bench
from start import host

AIM = 20  # times as fast as the serial port
LINE_BYTES = 64


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="build folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=7, help="runs of each (%(default)s)")
    parser.add_argument("--kib", type=int, default=1024, help="output of a run (%(default)s)")
    parser.add_argument("--json", metavar="FILE", help="write all samples and results there")
    parser.add_argument("--check", action="store_true", help="status 1 if the aim is not reached")
    return parser.parse_args()


def commands(build, size):
    """Name -> command. The chunk is what one request carries: a page, and what hvc0 of Linux sends."""
    run = [f"{build}/skiff", "run", "-q", "--no-rng"]

    def payload(name, parameters, *options):
        return [*run, f"{build}/payloads/{name}.elf", "-a", f"bytes={size} {parameters}", *options]

    return {
        "serial": payload("serial_output", ""),
        "virtio 4096": payload("virtio_console", "chunk=4096", "--console", "virtio"),
        "virtio 16": payload("virtio_console", "chunk=16", "--console", "virtio"),
    }


def take_sample(name, command, size):
    """Milliseconds from the first byte to the last, with all of them right."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE) as process:
        descriptor = process.stdout.fileno()
        data = bytearray(os.read(descriptor, 1))
        begin = time.monotonic()
        while len(data) < size:
            chunk = os.read(descriptor, 1 << 16)
            if not chunk:
                break
            data += chunk
        taken = time.monotonic() - begin
        rest, errors = process.communicate(timeout=10 * DEADLINE_SECONDS)
    if process.returncode != 0 or rest or len(data) != size:
        raise BenchError(f"{name}: status {process.returncode}, {len(data)} of {size} bytes: "
                         f"{errors.decode(errors='replace').strip()}")
    for number in range(0, size // LINE_BYTES, 97):
        if not data.startswith(b"%08d " % number, number * LINE_BYTES):
            raise BenchError(f"{name}: line {number} is wrong")
    return taken * 1000


def interleaved(all_commands, rounds, size):
    names = list(all_commands)
    samples = {name: [] for name in names}
    for number in range(rounds):
        for position in range(len(names)):
            name = names[(number + position) % len(names)]
            samples[name].append(take_sample(name, all_commands[name], size))
    return samples


def ratios(samples, name):
    """How many times as fast as the serial port, round by round."""
    return [serial / other for serial, other in zip(samples["serial"], samples[name])]


def report(samples, size):
    print(f"{'':14} {'ms, median':>12} {'quartiles':>17} {'MB/s':>8} {'times as fast':>14} "
          f"{'quartiles':>15} {'n':>3}")
    for name, values in samples.items():
        spread, faster = Spread.of(values), Spread.of(ratios(samples, name))
        print(f"{name:14} {spread.median:12.1f} {spread.q1:8.1f}..{spread.q3:7.1f} "
              f"{size / spread.median / 1000:8.2f} {faster.median:14.1f} "
              f"{faster.q1:7.1f}..{faster.q3:6.1f} {spread.n:3}")


def run(arguments):
    size = arguments.kib * 1024
    samples = interleaved(commands(arguments.build, size), arguments.rounds, size)
    report(samples, size)
    faster = Spread.of(ratios(samples, "virtio 4096")).median
    reached = faster >= AIM
    print(f"aim: {AIM} times as fast as the serial port: {'reached' if reached else 'NOT reached'}")
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as file:
            json.dump({"host": host(), "bytes": size, "ms": samples,
                       "spread": {name: Spread.of(values).as_dict()
                                  for name, values in samples.items()}}, file, indent=1)
    return 1 if arguments.check and not reached else 0


if __name__ == "__main__":
    sys.exit(run_bench("console", run, parse_arguments()))
