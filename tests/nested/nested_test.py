#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The nested tier: skiff on a KVM with real SVM semantics, with unmodified kernels.

One L1 (see l1.py) runs all of cases.py; each case is a test here, which waits for that case's
report. Needs SKIFF, and for some cases SKIFF_PAYLOADS and SKIFF_GUEST_IMAGES (see docs/testing.md).

    nested_test.py [NAME...]      only the cases whose names hold one of these
"""

import json
import os
import shutil
import subprocess
import sys
import time
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
TOP = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)

import cases  # noqa: E402  pylint: disable=wrong-import-position
import l1  # noqa: E402  pylint: disable=wrong-import-position

SKIP = 77
UNAVAILABLE = 69
TOTAL_LIMIT_S = 290
PASSED_ON = ("SKIFF", "SKIFF_PAYLOADS", "SKIFF_GUEST_IMAGES")


class Reports:
    """The results of the one run, read as far as they are asked for."""

    def __init__(self, machine):
        self._machine = machine
        self._deadline = machine.started + TOTAL_LIMIT_S
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
        if line.startswith("L1 STATUS"):
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

    machine = None
    reports = None

    @classmethod
    def tearDownClass(cls):
        cls.machine.close()
        print(f"nested: {time.monotonic() - cls.machine.started:.0f} s in all", file=sys.stderr)


def add_test(case):
    def test(self):
        result = self.reports.of(case.name)
        if result["outcome"] == "skip":
            self.skipTest(result["detail"])
        if result["outcome"] != "pass":
            self.fail(result["detail"])
    setattr(NestedTest, f"test_{case.name}", test)


def skip_tier(why):
    print(f"nested tier skipped: {why}")
    sys.exit(SKIP)


def main():
    wanted = sys.argv[1:]
    selected = [case for case in cases.all_cases()
                if not wanted or any(part in case.name for part in wanted)]
    skiff = os.environ.get("SKIFF", "")
    if not os.access(skiff, os.X_OK):
        sys.exit(f"SKIFF={skiff} is not an executable: set it to the skiff to test")
    if not shutil.which(l1.QEMU):
        skip_tier(f"{l1.QEMU} is missing: apt-get install qemu-system-x86")
    build = subprocess.run([os.path.join(TOP, "guest-images/l1/build")],
                           stdout=subprocess.PIPE, text=True, check=False)
    if build.returncode == UNAVAILABLE:
        skip_tier("the stock kernels cannot be had (see above)")
    if build.returncode != 0:
        sys.exit("guest-images/l1/build failed")
    images = build.stdout.splitlines()[-1]

    environment = {name: os.path.realpath(os.environ[name])
                   for name in PASSED_ON if os.environ.get(name)}
    environment["SKIFF_NESTED_IMAGES"] = images
    environment["PYTHONDONTWRITEBYTECODE"] = "1"
    NestedTest.machine = l1.L1(
        images, [sys.executable, os.path.join(HERE, "run_in_l1.py"), *wanted], environment)
    NestedTest.reports = Reports(NestedTest.machine)
    suite = unittest.TestSuite()
    for case in selected:
        add_test(case)
        suite.addTest(NestedTest(f"test_{case.name}"))
    result = unittest.TextTestRunner(verbosity=2).run(suite)
    if not result.wasSuccessful():
        return 1
    # Everything passed, but something was not tried: the tier as a whole did not run.
    return SKIP if result.skipped else 0


if __name__ == "__main__":
    sys.exit(main())
