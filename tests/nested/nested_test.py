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
TOTAL_LIMIT_S = 880
START_LIMIT_S = 100  # Until L1 says its first word.
SILENCE_LIMIT_S = 20  # L1 tells every 2 s that it lives.


class Reports:
    """The results of the cases, read as far as they are asked for.

    An L1 that hangs or dies by itself (QEMU's SVM is not without faults) is started anew, once,
    with what is left: what a skiff did to bring it down, it will do again.
    """

    def __init__(self, images, names):
        self._images = images
        self._left = list(names)
        self._results = {}
        self._restarts_left = 1
        self._deadline = time.monotonic() + TOTAL_LIMIT_S * skiff_runner.time_factor()
        self._start()

    def close(self):
        self._machine.close()

    def of(self, name):
        while name not in self._results:
            try:
                self._read_one()
            except l1.L1Ended as why:
                self._over(f"{why}, while {self._running} ran. L1's console:\n"
                           f"{self._machine.console()}")
        return self._results[name]

    def _start(self):
        self._running = "nothing"
        self._silence_s = START_LIMIT_S
        runner = os.path.join(HERE, "run_in_l1.py")
        self._machine = l1.L1(self._images, [sys.executable, runner, *self._left])

    def _over(self, why):
        self._machine.close()
        if self._restarts_left and time.monotonic() < self._deadline:
            self._restarts_left -= 1
            print(f"nested: starting L1 anew: {why}", file=sys.stderr, flush=True)
            self._start()
            return
        for name in self._left:
            self._results[name] = {"outcome": "fail", "detail": why}

    def _read_one(self):
        patience = time.monotonic() + self._silence_s * skiff_runner.time_factor()
        line = self._machine.report_line(min(self._deadline, patience))
        if line.startswith(l1.STATUS):
            raise l1.L1Ended(f"{line}, without all results")
        self._silence_s = SILENCE_LIMIT_S
        message = json.loads(line)
        self._running = message.get("starting", self._running)
        if "again" in message:
            print(f"nested: a second try of {message['again']}, after:\n{message['detail']}",
                  file=sys.stderr, flush=True)
        if message.get("case") in self._left:
            self._results[message["case"]] = message
            self._left.remove(message["case"])
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
    names = list(cases.all_cases(wanted))
    tests = [add_test(name) for name in names]
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
    started = time.monotonic()
    NestedTest.reports = Reports(images, names)
    try:
        result = unittest.TextTestRunner(verbosity=2).run(unittest.TestSuite(tests))
    finally:
        NestedTest.reports.close()
    print(f"nested: {time.monotonic() - started:.0f} s in all", file=sys.stderr)
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
