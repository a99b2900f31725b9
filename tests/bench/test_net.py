#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Tests of the network benchmark's arithmetic; run without a VM."""

import json
import sys
import unittest
from pathlib import Path
from types import SimpleNamespace

sys.path.insert(0, str(Path(__file__).resolve().parent))
import net  # noqa: E402
from block_run import Late  # noqa: E402
from net_cases import CASES  # noqa: E402
from net_run import Sample, sample_of  # noqa: E402
from net_vmms import Firecracker, Qemu, Skiff  # noqa: E402


def case(name):
    return next(one for one in CASES if one.name == name)


class CommandLines(unittest.TestCase):
    def test_only_what_is_received_comes_in_bursts(self):
        self.assertIn("count=4000 bursts=125", case("receive-64").parameters(500, 100))
        self.assertIn("ms=500 warm_ms=100", case("send-64").parameters(500, 100))
        self.assertEqual(case("receive-64k").host_arguments(500, 100)[-2:], [500, 83])

    def test_the_options_of_another_skiff_come_before_its_parameters(self):
        command = Skiff("skiff", "payload", ["--io-poll=off"]).command("op=ping", "")
        self.assertLess(command.index("--io-poll=off"), command.index("op=ping"))

    def test_nobody_uses_vhost(self):
        self.assertIn("vhost=off", " ".join(map(str, Qemu("payload").command("", ""))))
        self.assertEqual(Firecracker("fc", "payload").name, "Firecracker")


class Clocks(unittest.TestCase):
    RESULT = {"frames": 100, "ns": 900_000_000, "clock_ns": 1_000_000_000, "p50_ns": 1500,
              "p99_ns": 9000, "notifications": 1}

    def test_a_run_whose_clocks_agree_is_a_sample(self):
        sample = sample_of(self.RESULT, SimpleNamespace(seconds=1.03, count=1, cpu_ns=lambda: 5000),
                           case("ping"))
        self.assertAlmostEqual(sample.per_second, 100 / 0.9)
        self.assertAlmostEqual(sample.cpu_us, 0.05)

    def test_one_that_was_seen_late_is_none(self):
        with self.assertRaises(Late):
            sample_of(self.RESULT, SimpleNamespace(seconds=1.1, count=1, cpu_ns=lambda: 5000),
                      case("ping"))


def rows(**medians):
    return {name: {metric: {"n": 3, "median": value, "minimum": value, "q1": value, "q3": value}
                   for metric in net.METRICS} for name, value in medians.items()}


class Aims(unittest.TestCase):
    def test_bounds_hold_from_above_or_below_as_they_are_meant(self):
        results = {"send-64": rows(skiff=1_699_999), "ping": rows(skiff=11.9)}
        self.assertEqual([ok for *_, ok in net.aims(results)], [False, True])

    def test_skiff_is_to_be_faster_than_qemu_at_less_cpu_time(self):
        results = {"send-1500": rows(skiff=2, QEMU=1)}
        self.assertEqual({what: ok for what, *_, ok in net.aims(results)},
                         {"send-1500 per_second": True, "send-1500 cpu_us": False})


class Samples(unittest.TestCase):
    def test_results_can_be_written_as_json(self):
        sample = Sample(1000, 2.0, 1.5, 9.0, 0.5, 0.0, 64_000)
        self.assertEqual(json.loads(json.dumps(sample.as_dict()))["gigabytes_per_second"], 0.032)


if __name__ == "__main__":
    unittest.main()
