#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures skiff's virtio disk beside QEMU microvm's (and Firecracker's), and beside the bare host.

A freestanding guest drives the disk's ring at CPL 3 and checks every byte it reads; the same payload
runs on each VMM, the rounds interleaved. FIRECRACKER=path in the environment adds Firecracker.
"""

import argparse
import json
import os
import sys
from pathlib import Path

import block_plot
from block_cases import CASES, MIB, Disks
from block_run import run_host, run_vmm
from block_vmms import all_vmms
from measure import BenchError, Spread, run_bench
from start import host, show_progress

HOST = "host"
REALTIME_PRIORITY = 5
METRICS = ("per_second", "p50_us", "p99_us", "megabytes_per_second", "cpu_us", "notifications")
# What issue and documentation aim at (docs/benchmarks.md): case, metric, bound, "at most"?
AIMS = [
    ("cached-1", "p50_us", 6, True),
    ("cached-32", "per_second", 500_000, False),
    ("cached-32", "cpu_us", 1.8, True),
    ("tmpfs-read-32", "per_second", 400_000, False),
    ("tmpfs-write-32", "per_second", 350_000, False),
]
# Where skiff is to be ahead of QEMU.
AHEAD = ["direct-32", "sequential"]


def parse_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build/release", help="build folder (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each pair (%(default)s)")
    parser.add_argument("--cases", default="", metavar="NAME,…",
                        help=f"only these of: {', '.join(case.name for case in CASES)}")
    parser.add_argument("--vmms", default="", metavar="NAME,…",
                        help="only VMMs whose name begins so, as in: skiff,host")
    parser.add_argument("--skiff-options", action="append", default=[], metavar="OPTIONS",
                        help="one more skiff, with these options of -d, as in: engine=sync")
    parser.add_argument("--ms", type=int, default=1000, help="length of a run (%(default)s)")
    parser.add_argument("--warm-ms", type=int, default=200, help="before it (%(default)s)")
    parser.add_argument("--size-mib", type=int, default=1024, help="the file's size (%(default)s)")
    parser.add_argument("--folder", default="/var/tmp", help="where the file is (%(default)s)")
    parser.add_argument("--realtime", action="store_true",
                        help="run all of it with real-time priority, so that what else runs on this "
                             "machine does not get in between (needs root)")
    parser.add_argument("--json", metavar="FILE", help="write all samples and results there")
    parser.add_argument("--plot", metavar="FILE", help="write an SVG of the rates there")
    parser.add_argument("--check", action="store_true", help="status 1 if an aim is not reached")
    return parser.parse_args()


def chosen(all_of_them, names, key):
    if not names:
        return list(all_of_them)
    wanted = names.split(",")
    found = [one for one in all_of_them if any(key(one, name) for name in wanted)]
    if not found:
        raise BenchError(f"nothing is named {names}")
    return found


def take_samples(arguments, cases, runners, disks):
    """{case: {VMM: [Sample]}}; each round runs all of them, beginning with another VMM each time."""
    samples = {case.name: {} for case in cases}
    total, done = arguments.rounds * len(cases) * len(runners), 0
    progress = show_progress("runs", total)
    for number in range(arguments.rounds):
        for case in cases:
            for position in range(len(runners)):
                name, runner, can = runners[(number + position) % len(runners)]
                done += 1
                if can(case):
                    sample = runner(case, disks.path(case))
                    disks.check_after(case, sample.requests)
                    samples[case.name].setdefault(name, []).append(sample)
                progress(done)
    return samples


def make_runners(arguments, program):
    """(name, run one load, whether it can) of everything that is compared."""
    def of_vmm(vmm):
        return lambda case, disk: run_vmm(vmm, case, disk, arguments.ms, arguments.warm_ms)

    runners = [(vmm.name, of_vmm(vmm), vmm.can)
               for vmm in all_vmms(Path(arguments.build), arguments.skiff_options)]
    runners.append((HOST, lambda case, disk: run_host(program, case, disk, arguments.ms,
                                                      arguments.warm_ms), lambda case: True))
    return chosen(runners, arguments.vmms, lambda runner, name: runner[0].startswith(name))


def summary_of(samples):
    return {metric: Spread.of([getattr(sample, metric) for sample in samples]).as_dict()
            for metric in METRICS}


def print_case(case, rows):
    rounds = max(row["per_second"]["n"] for row in rows.values())
    print(f"\n{case.title} ({case.name}); {rounds} rounds")
    print(f"  {'':<20}{'ops/s':>9} {'(quartiles)':<19}{'p50 us':>8}{'p99 us':>9}{'MB/s':>8}"
          f"{'CPU us/op':>11}{'notify/op':>11}")
    for name, row in rows.items():
        rate = row["per_second"]
        quartiles = f"({rate['q1']:.0f} to {rate['q3']:.0f})"
        print(f"  {name:<20}{rate['median']:>9.0f} {quartiles:<19}{row['p50_us']['median']:>8.2f}"
              f"{row['p99_us']['median']:>9.1f}{row['megabytes_per_second']['median']:>8.0f}"
              f"{row['cpu_us']['median']:>11.2f}{row['notifications']['median']:>11.4f}")


def aims(results):
    """(what, measured, aim, whether it is reached)"""
    for case, metric, bound, at_most in AIMS:
        if "skiff" in results.get(case, {}):
            measured = results[case]["skiff"][metric]["median"]
            reached = measured <= bound if at_most else measured >= bound
            yield f"{case} {metric}", measured, f"{'<=' if at_most else '>='} {bound}", reached
    for case in AHEAD:
        peers = [row["per_second"]["median"] for name, row in results.get(case, {}).items()
                 if name.startswith("QEMU")]
        if peers and "skiff" in results[case]:
            measured = results[case]["skiff"]["per_second"]["median"]
            yield f"{case} per_second", measured, f"> {max(peers):.0f} (QEMU)", measured > max(peers)


def print_aims(results):
    lines = list(aims(results))
    if lines:
        print("\nAims")
    for what, measured, aim, reached in lines:
        print(f"  {what:<28}{measured:>12.6g}  {aim:<20}{'reached' if reached else 'BEHIND'}")
    return all(reached for *_, reached in lines)


def run(arguments):
    program = Path(arguments.build) / "tests/bench/bench_block"
    cases = chosen(CASES, arguments.cases, lambda case, name: case.name == name)
    runners = make_runners(arguments, program)
    machine = host()
    print(f"{machine['cpu']}, {machine['cpus']} CPUs, Linux {machine['kernel']}, "
          f"load {machine['load_average']:.2f}")
    if arguments.realtime:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REALTIME_PRIORITY))
        print("All of it runs with real-time priority.")
    elif machine["load_average"] > 0.5:
        print("The machine is not idle: compare the rows of one case, do not trust one alone.")
    disks = Disks(program, arguments.folder, arguments.size_mib * MIB, arguments.size_mib * MIB // 2)
    try:
        samples = take_samples(arguments, cases, runners, disks)
    finally:
        disks.close()
    results = {case: {name: summary_of(taken) for name, taken in rows.items()}
               for case, rows in samples.items()}
    for case in cases:
        print_case(case, results[case.name])
    reached = print_aims(results)
    if arguments.plot:
        Path(arguments.plot).write_text(block_plot.plot({c.title: results[c.name] for c in cases}))
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({
            "host": machine, "results": results,
            "samples": {case: {name: [sample.as_dict() for sample in taken]
                               for name, taken in rows.items()}
                        for case, rows in samples.items()}}, indent=2) + "\n")
    return 1 if arguments.check and not reached else 0


if __name__ == "__main__":
    sys.exit(run_bench("block", run, parse_arguments()))
