#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Measures skiff's virtio network device beside QEMU microvm's (and Firecracker's), and beside the bare
TAP.

A freestanding guest drives one queue pair at CPL 3 and looks at the number in every frame; the same payload
runs on each VMM, the rounds interleaved, on a TAP in a network namespace that goes with the benchmark
(needs root). FIRECRACKER=path in the environment adds Firecracker.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from block import HOST, REALTIME_PRIORITY, chosen
from measure import Spread, run_bench
from net_cases import CASES, enter_namespace
from net_run import run_host, run_vmm
from net_vmms import all_vmms
from start import host, show_progress

METRICS = ("per_second", "gigabytes_per_second", "p50_us", "p99_us", "cpu_us", "notifications")
# What issue and documentation aim at (docs/benchmarks.md): case, metric, bound, "at most"?
AIMS = [
    ("send-64", "per_second", 1_700_000, False),
    ("receive-64", "per_second", 1_000_000, False),
    ("ping", "p50_us", 12, True),
]
# What skiff is to do better than QEMU in each case: metric, "at most"?
BETTER = [("per_second", False), ("cpu_us", True)]


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
                        help="one more skiff, with these options, as in: --skiff-options=--io-poll=off")
    parser.add_argument("--ms", type=int, default=500, help="length of a run (%(default)s)")
    parser.add_argument("--warm-ms", type=int, default=100, help="before it (%(default)s)")
    parser.add_argument("--realtime", action="store_true",
                        help="run all of it with real-time priority, so that what else runs on this "
                             "machine does not get in between")
    parser.add_argument("--json", metavar="FILE", help="write all samples and results there")
    parser.add_argument("--check", action="store_true", help="status 1 if an aim is not reached")
    return parser.parse_args()


def make_runners(arguments, program):
    """(name, run one load) of everything that is compared."""
    def of_vmm(vmm):
        return lambda case: run_vmm(vmm, program, case, arguments.ms, arguments.warm_ms)

    runners = [(vmm.name, of_vmm(vmm))
               for vmm in all_vmms(Path(arguments.build), arguments.skiff_options)]
    runners.append((HOST, lambda case: run_host(program, case, arguments.ms, arguments.warm_ms)))
    return chosen(runners, arguments.vmms, lambda runner, name: runner[0].startswith(name))


def take_samples(arguments, cases, runners):
    """{case: {VMM: [Sample]}}; each round runs all of them, beginning with another VMM each time."""
    samples = {case.name: {name: [] for name, _ in runners} for case in cases}
    total, done = arguments.rounds * len(cases) * len(runners), 0
    progress = show_progress("runs", total)
    for number in range(arguments.rounds):
        for case in cases:
            for position in range(len(runners)):
                name, runner = runners[(number + position) % len(runners)]
                samples[case.name][name].append(runner(case))
                done += 1
                progress(done)
    return samples


def summary_of(samples):
    return {metric: Spread.of([getattr(sample, metric) for sample in samples]).as_dict()
            for metric in METRICS}


def print_case(case, rows):
    rounds = max(row["per_second"]["n"] for row in rows.values())
    print(f"\n{case.title} ({case.name}); {rounds} rounds")
    print(f"  {'':<20}{'k frames/s':>11} {'(quartiles)':<17}{'/ QEMU':>7}{'GB/s':>7}"
          f"{'CPU us/frame':>14}{'p50 us':>8}{'p99 us':>8}{'notify/frame':>14}")
    peer = rows.get("QEMU", {}).get("per_second", {}).get("median")
    for name, row in rows.items():
        rate = row["per_second"]
        quartiles = f"({rate['q1'] / 1e3:.0f} to {rate['q3'] / 1e3:.0f})"
        ratio = f"{rate['median'] / peer:.2f}" if peer else "-"
        print(f"  {name:<20}{rate['median'] / 1e3:>11.1f} {quartiles:<17}{ratio:>7}"
              f"{row['gigabytes_per_second']['median']:>7.2f}{row['cpu_us']['median']:>14.2f}"
              f"{row['p50_us']['median']:>8.2f}{row['p99_us']['median']:>8.1f}"
              f"{row['notifications']['median']:>14.4f}")


def aims(results):
    """(what, measured, aim, whether it is reached)"""
    for case, metric, bound, at_most in AIMS:
        if "skiff" in results.get(case, {}):
            measured = results[case]["skiff"][metric]["median"]
            reached = measured <= bound if at_most else measured >= bound
            yield f"{case} {metric}", measured, f"{'<=' if at_most else '>='} {bound}", reached
    for case, rows in results.items():
        if "skiff" not in rows or "QEMU" not in rows:
            continue
        for metric, at_most in BETTER:
            measured, peer = (rows[name][metric]["median"] for name in ("skiff", "QEMU"))
            reached = measured < peer if at_most else measured > peer
            yield f"{case} {metric}", measured, f"{'<' if at_most else '>'} {peer:.6g} (QEMU)", reached


def print_aims(results):
    lines = list(aims(results))
    if lines:
        print("\nAims")
    for what, measured, aim, reached in lines:
        print(f"  {what:<28}{measured:>12.6g}  {aim:<20}{'reached' if reached else 'BEHIND'}")
    return all(reached for *_, reached in lines)


def run(arguments):
    program = (Path(arguments.build) / "tests/bench/bench_net").resolve()
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
    enter_namespace()
    samples = take_samples(arguments, cases, runners)
    results = {case: {name: summary_of(taken) for name, taken in rows.items()}
               for case, rows in samples.items()}
    for case in cases:
        print_case(case, results[case.name])
    reached = print_aims(results)
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({
            "host": machine, "results": results,
            "samples": {case: {name: [sample.as_dict() for sample in taken]
                               for name, taken in rows.items()}
                        for case, rows in samples.items()}}, indent=2) + "\n")
    return 1 if arguments.check and not reached else 0


if __name__ == "__main__":
    sys.exit(run_bench("net", run, parse_arguments()))
