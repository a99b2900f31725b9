#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures skiff's start-up beside a bare reference program and QEMU microvm, in one run.

Time: from posix_spawn to the first byte of a freestanding PVH guest's output (128 MiB, 1 vCPU), the
three interleaved. Memory: resident and private memory beside the guest's, from /proc/PID/smaps, of a
guest that has printed a line and halts. Size: the same with a kernel of 40 MB and an initrd of 200 MB.
"""

import argparse
import json
import os
import platform
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path

import big_images
import measure
from measure import BenchError, Spread, run_bench

KERNEL_MB, INITRD_MB, BIG_GUEST_MIB, GUEST_MIB = 40, 200, 512, 128
# What issue and documentation promise (docs/benchmarks.md).
MAX_RATIO, MAX_RSS_KIB, MAX_PRIVATE_KIB, THREADS = 1.3, 2.2 * 1024, 0.8 * 1024, 2


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", default="build/release", help="build folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=60, help="samples of each VMM (%(default)s)")
    parser.add_argument("--no-qemu", action="store_true", help="leave QEMU out")
    parser.add_argument("--json", metavar="FILE", help="write all samples and results there")
    parser.add_argument("--check", action="store_true", help="status 1 if a bound does not hold")
    return parser.parse_args()


class Commands:
    """The command lines of the three VMMs."""

    def __init__(self, build, folder):
        self.skiff_path = build / "skiff"
        self.payloads = build / "payloads"
        self.reference_path = build / "tests/bench/bench_reference"
        self.first_byte = build / "tests/bench/bench_first_byte"
        for path in (self.skiff_path, self.reference_path, self.first_byte,
                     self.payloads / "hello.elf", self.payloads / "hang.elf"):
            if not path.exists():
                raise BenchError(f"{path} is missing: build it first (./dev bench does)")
        self.skiff_path = measure.installed(self.skiff_path, folder)

    def payload(self, name):
        return str(self.payloads / f"{name}.elf")

    def skiff(self, image, mib=GUEST_MIB, initrd=None):
        more = ["-i", str(initrd)] if initrd else []
        return [str(self.skiff_path), "run", str(image), *more, "-m", f"{mib}M", "-c", "1", "-q"]

    def reference(self, image):
        return [str(self.reference_path), str(image)]

    @staticmethod
    def qemu(image):
        return [shutil.which("qemu-system-x86_64"), "-M", "microvm,accel=kvm", "-cpu", "host",
                "-m", f"{GUEST_MIB}M", "-smp", "1", "-nodefaults", "-no-user-config",
                "-display", "none", "-serial", "stdio", "-kernel", str(image)]

    def vmms(self, image, with_qemu):
        commands = {"skiff": self.skiff(image), "reference": self.reference(image)}
        if with_qemu:
            commands["qemu microvm"] = self.qemu(image)
        return commands


def show_progress(what, rounds):
    def show(done):
        if sys.stderr.isatty():
            print(f"\r{what}: {done}/{rounds} ", end="\n" if done == rounds else "",
                  file=sys.stderr, flush=True)
    return show


def measure_time(commands, rounds, with_qemu):
    samples = measure.interleaved(
        str(commands.first_byte), commands.vmms(commands.payload("hello"), with_qemu), rounds, "H",
        show_progress("start-up", rounds))
    ratios = {name: [a / b for a, b in zip(taken, samples["reference"])]
              for name, taken in samples.items()}
    return {name: {"ms": Spread.of(taken).as_dict(), "ratio": Spread.of(ratios[name]).as_dict(),
                   "samples_ms": taken} for name, taken in samples.items()}


def measure_memory(commands, with_qemu, runs=5):
    hang = commands.payload("hang")
    return {name: asdict(measure.median_footprint(command, b"hanging", GUEST_MIB, runs))
            for name, command in commands.vmms(hang, with_qemu).items()}


def measure_size(commands, rounds, folder):
    """skiff with small and with big files, in the same amount of guest memory."""
    initrd = folder / "initrd"
    big_images.make_initrd(initrd, INITRD_MB * 1000 * 1000)
    for name in ("hello", "hang"):
        big_images.pad_kernel(commands.payload(name), folder / f"{name}.elf",
                              KERNEL_MB * 1000 * 1000)
    samples = measure.interleaved(str(commands.first_byte), {
        "small": commands.skiff(commands.payload("hello"), BIG_GUEST_MIB),
        "big": commands.skiff(folder / "hello.elf", BIG_GUEST_MIB, initrd),
    }, rounds, "H", show_progress("size", rounds))
    footprints = {
        "small": commands.skiff(commands.payload("hang"), BIG_GUEST_MIB),
        "big": commands.skiff(folder / "hang.elf", BIG_GUEST_MIB, initrd),
    }
    return {name: {"ms": Spread.of(taken).as_dict(), "samples_ms": taken, "memory": asdict(
        measure.median_footprint(footprints[name], b"hanging", BIG_GUEST_MIB, 3))}
        for name, taken in samples.items()}


def print_time(result):
    rounds = result["skiff"]["ms"]["n"]
    print(f"\nStart-up: exec to the guest's first byte; {GUEST_MIB} MiB, 1 vCPU; "
          f"{rounds} interleaved rounds")
    print(f"  {'ms':<14}{'median':>9}{'min':>9}{'q1':>9}{'q3':>9}   ratio to the reference, per round")
    for name, row in result.items():
        ms, ratio = row["ms"], row["ratio"]
        print(f"  {name:<14}{ms['median']:>9.2f}{ms['minimum']:>9.2f}{ms['q1']:>9.2f}{ms['q3']:>9.2f}"
              f"   {ratio['median']:.2f} (quartiles {ratio['q1']:.2f} to {ratio['q3']:.2f})")


def print_memory(result):
    print("\nMemory beside the guest's, and threads, of a guest that halts; private pages of a VM that "
          "runs\nalone, and of one of two VMs, which share the pages of their executable")
    print(f"  {'KiB':<14}{'resident':>9}{'private':>9}{'of two':>9}{'threads':>9}")
    for name, row in result.items():
        print(f"  {name:<14}{row['rss']:>9}{row['private']:>9}{row['private_of_two']:>9}"
              f"{len(row['threads']):>9}   {', '.join(row['threads'])}")


def print_size(result):
    print(f"\nskiff with a kernel of {KERNEL_MB} MB and an initrd of {INITRD_MB} MB; "
          f"{BIG_GUEST_MIB} MiB of guest memory")
    print(f"  {'':<14}{'ms median':>10}{'q1':>7}{'q3':>7}{'of two KiB':>13}{'with the guest':>16}")
    for name, row in result.items():
        ms, memory = row["ms"], row["memory"]
        print(f"  {name:<14}{ms['median']:>10.2f}{ms['q1']:>7.2f}{ms['q3']:>7.2f}"
              f"{memory['private_of_two']:>13}{memory['private_of_two'] + memory['guest_private']:>16}")


def bounds(results):
    """(what, measured, bound, whether it holds)"""
    memory = results["memory"]["skiff"]
    ratio = results["time"]["skiff"]["ratio"]["median"]
    yield "start-up, ratio to the reference", ratio, MAX_RATIO, ratio <= MAX_RATIO
    yield "resident KiB", memory["rss"], MAX_RSS_KIB, memory["rss"] < MAX_RSS_KIB
    private = memory["private_of_two"]
    yield "private KiB, of two VMs", private, MAX_PRIVATE_KIB, private < MAX_PRIVATE_KIB
    threads = len(memory["threads"])
    yield "threads", threads, THREADS, threads <= THREADS


def print_bounds(results):
    held = True
    print("\nBounds")
    for what, measured, bound, holds in bounds(results):
        held &= holds
        print(f"  {what:<36}{measured:>10.6g}  at most {bound:<8g}{'ok' if holds else 'EXCEEDED'}")
    return held


def host():
    model = next((line.partition(":")[2].strip() for line in open("/proc/cpuinfo")
                  if line.startswith("model name")), "")
    return {"kernel": platform.release(), "cpu": model, "cpus": os.cpu_count(),
            "load_average": os.getloadavg()[0]}


def run(arguments):
    with_qemu = not arguments.no_qemu and shutil.which("qemu-system-x86_64") is not None
    results = {"host": host()}
    print(f"{results['host']['cpu']}, {results['host']['cpus']} CPUs, "
          f"Linux {results['host']['kernel']}, load {results['host']['load_average']:.2f}")
    if results["host"]["load_average"] > 0.5:
        print("The machine is not idle: look at the ratios, not at the times.")
    with tempfile.TemporaryDirectory(prefix="skiff-bench-") as folder:
        commands = Commands(Path(arguments.build).resolve(), folder)
        results["time"] = measure_time(commands, arguments.rounds, with_qemu)
        print_time(results["time"])
        results["memory"] = measure_memory(commands, with_qemu)
        print_memory(results["memory"])
        results["size"] = measure_size(commands, arguments.rounds, Path(folder))
        print_size(results["size"])
    held = print_bounds(results)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(results, indent=2) + "\n")
    return 1 if arguments.check and not held else 0


if __name__ == "__main__":
    sys.exit(run_bench("start", run, parse_arguments()))
