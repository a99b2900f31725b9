# SPDX-License-Identifier: Apache-2.0
"""Tests of the block benchmark's arithmetic; run without a VM."""

import json
import sys
import unittest
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
import block  # noqa: E402
import block_plot  # noqa: E402
from block_cases import CASES  # noqa: E402
from block_run import Sample, ThreadTime, numbers_of, vmm_time  # noqa: E402
from block_vmms import Firecracker, Qemu, Skiff  # noqa: E402


class CpuTime(unittest.TestCase):
    def test_device_threads_count_whole_and_vcpu_threads_without_the_guest(self):
        before = {"1": ThreadTime("skiff", 100, 0), "2": ThreadTime("vcpu 0", 1000, 900)}
        after = {"1": ThreadTime("skiff", 350, 0), "2": ThreadTime("vcpu 0", 5000, 4800)}
        self.assertEqual(vmm_time(before, after), 250 + (4000 - 3900))

    def test_every_vmm_s_vcpu_threads_are_known(self):
        for name in ("vcpu 0", "CPU 0/KVM", "fc_vcpu 0"):
            self.assertEqual(vmm_time({}, {"1": ThreadTime(name, 100, 90)}), 10, name)

    def test_a_thread_that_came_in_between_counts_and_guest_time_never_below_zero(self):
        self.assertEqual(vmm_time({}, {"9": ThreadTime("iou-wrk-1", 70, 0)}), 70)
        self.assertEqual(vmm_time({}, {"2": ThreadTime("vcpu 0", 100, 200)}), 0)


class Output(unittest.TestCase):
    def test_a_result_line_is_taken_apart(self):
        self.assertEqual(numbers_of("result requests 10 ns 2000 p50_ns 150"),
                         {"requests": 10, "ns": 2000, "p50_ns": 150})


class CommandLines(unittest.TestCase):
    def test_o_direct_reaches_each_vmm_that_has_it(self):
        direct = next(case for case in CASES if case.is_direct)
        self.assertIn("/disk,direct", Skiff("skiff", "payload").command(direct, "/disk", "", ""))
        self.assertIn("cache=none", " ".join(map(str, Qemu("payload", "io_uring").command(
            direct, "/disk", "", ""))))
        self.assertFalse(Firecracker("fc", "payload", "Sync").can(direct))


def spread(value):
    return {"n": 3, "median": value, "minimum": value, "q1": value, "q3": value}


def rows(**rates):
    return {name: {metric: spread(rate) for metric in block.METRICS} for name, rate in rates.items()}


class Aims(unittest.TestCase):
    def test_bounds_hold_from_above_or_below_as_they_are_meant(self):
        results = {"cached-1": rows(skiff=5), "cached-32": rows(skiff=499_999)}
        reached = {what: ok for what, _, _, ok in block.aims(results)}
        self.assertEqual(reached, {"cached-1 p50_us": True, "cached-32 per_second": False,
                                   "cached-32 cpu_us": False})

    def test_skiff_is_to_be_ahead_of_the_best_qemu(self):
        results = {"direct-32": rows(skiff=90, **{"QEMU io_uring": 80, "QEMU threads": 95})}
        self.assertEqual([ok for *_, ok in block.aims(results)], [False])


class Plot(unittest.TestCase):
    def test_it_is_well_formed_and_has_a_bar_for_each_row(self):
        drawing = block_plot.plot({"4 KiB <random>": rows(skiff=1000, host=2000)})
        root = xml.etree.ElementTree.fromstring(drawing)
        bars = [e for e in root if e.tag.endswith("rect") and e.get("x")]
        widths = [float(bar.get("width")) for bar in bars]
        self.assertEqual(len(widths), 2)
        self.assertAlmostEqual(widths[1] / widths[0], 2, places=2)
        self.assertIn("4 KiB <random>", [e.text for e in root])


class Samples(unittest.TestCase):
    def test_results_can_be_written_as_json(self):
        sample = Sample(1000, 2.0, 1.5, 9.0, 0.5, 0.0, 4096)
        self.assertEqual(json.loads(json.dumps(sample.as_dict()))["megabytes_per_second"], 2.048)


if __name__ == "__main__":
    unittest.main()
