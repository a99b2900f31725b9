#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The nested tier: skiff on a KVM with real SVM semantics, with unmodified kernels.

One L1 (see l1.py) runs all of cases.py; each case is a test here, which waits for that case's
report. Needs SKIFF, SKIFF_PAYLOADS and SKIFF_GUEST_IMAGES, as skiff_runner.py describes them.

    nested_test.py [NAME...]      only the cases whose names hold one of these
"""

import json
import os
import signal
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path[:0] = [HERE, os.path.join(TOP, "tests/support")]

import cases  # noqa: E402
import l1  # noqa: E402
import skiff_runner  # noqa: E402

SKIP = 77
TOTAL_LIMIT_S = 290


class Reports:
    """The results of the one run, read as far as they are asked for."""

    def __init__(self, machine):
        self._machine = machine
        self._deadline = machine.started + TOTAL_LIMIT_S * skiff_runner.time_factor()
        self._results = {}
        self._running = "nothing"
        self._over = None

    def of(self, name):
        while name not in self._results:
            if self._over is None:
                self._read_one()
            if self._over is not None and name not in self._results:
                return {"outcome": "fail", "detail": self._over}
        return self._results[name]

    def _read_one(self):
        try:
            line = self._machine.report_line(self._deadline)
        except l1.L1Ended as why:
            self._over = f"{why}, while {self._running} ran. L1's console:\n" \
                         f"{self._machine.console()}"
            return
        if line.startswith(l1.STATUS):
            self._over = f"{line}, without a result. L1's console:\n{self._machine.console()}"
            return
        message = json.loads(line)
        if "starting" in message:
            self._running = message["starting"]
        else:
            self._results[message["case"]] = message
            print(f"nested: {message['seconds']:5.1f} s  {message['outcome']}  {message['case']}",
                  file=sys.stderr, flush=True)


class NestedTest(unittest.TestCase):
    """One test a case; they are added below."""

    reports = None


def add_test(name):
    def test(self):
        result = self.reports.of(name)
        if result["outcome"] == "skip":
            self.skipTest(result["detail"])
        if result["outcome"] != "pass":
            self.fail(result["detail"])
    test.__name__ = test.__qualname__ = name
    setattr(NestedTest, name, test)
    return NestedTest(name)


def skip_tier(why):
    print(f"nested tier skipped: {why}")
    sys.exit(SKIP)


def main():
    wanted = sys.argv[1:]
    tests = [add_test(name) for name in cases.all_cases(wanted)]
    if not tests:
        sys.exit(f"no case has a name like {' or '.join(wanted)}")
    missing = skiff_runner.missing(("payloads", "images"))
    if missing:
        skip_tier(missing)
    try:
        images = l1.prepare()
    except l1.Unavailable as why:
        skip_tier(why)

    # What ends this process shall end L1 with it; unittest lets only this exception through.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    runner = os.path.join(HERE, "run_in_l1.py")
    with l1.L1(images, [sys.executable, runner, *wanted]) as machine:
        NestedTest.reports = Reports(machine)
        result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(tests))
        print(f"nested: {time.monotonic() - machine.started:.0f} s in all", file=sys.stderr)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
