# SPDX-License-Identifier: Apache-2.0
"""Runs inside L1: every case in a process of its own and within its time, each reported at once as
a line of JSON on /dev/ttyS1. With arguments, only the cases whose names hold one of them."""

import ctypes
import fcntl
import io
import json
import os
import select
import signal
import sys
import threading
import time
import unittest

import cases

KVM_CREATE_VM = 0xAE01
CASE_LIMIT_S = int(33 * float(os.environ.get("SKIFF_TEST_TIME_FACTOR", "1")))
KILL_AFTER_S = 10  # What a case that ran out of time has to tell its story.
DETAIL_LIMIT = 12000
# Guests here die of faults now and then that they have nowhere else: mostly triple faults, and a
# Linux in other ways too. Such a case gets a second try, and the host prints the first one's story.
EMULATOR_FAULT = "skiff: triple fault"
PR_SET_CHILD_SUBREAPER = 36


class CaseTimeout(Exception):
    """The case has used up its time."""


def main():
    # What a killed case leaves behind becomes our child, so that it can be found and killed.
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1)
    kept = keep_svm_enabled()
    with open("/dev/ttyS1", "w", encoding="utf-8", buffering=1) as report:
        threading.Thread(target=tell_of_life, args=(report.fileno(),), daemon=True).start()
        for name, test in cases.all_cases(sys.argv[1:]).items():
            report.write(json.dumps({"starting": name}) + "\n")
            started = time.monotonic()
            outcome, detail = run(test)
            if outcome == "fail" and (boots_linux(name) or EMULATOR_FAULT in detail):
                report.write(json.dumps({"again": name, "detail": detail[-DETAIL_LIMIT:]}) + "\n")
                outcome, detail = run(test)
            report.write(json.dumps({
                "case": name, "outcome": outcome, "detail": detail[-DETAIL_LIMIT:],
                "seconds": round(time.monotonic() - started, 1)}) + "\n")
    for descriptor in kept:
        os.close(descriptor)
    return 0


def boots_linux(name):
    return not name.startswith("kvm.")


def keep_svm_enabled():
    """Holds an empty VM. KVM turns SVM on with its first VM and off with its last, on all CPUs at once;
    cases that make and end a VM within milliseconds did that often, and L1 hung in their midst.
    """
    kvm = os.open("/dev/kvm", os.O_RDWR | os.O_CLOEXEC)
    return kvm, fcntl.ioctl(kvm, KVM_CREATE_VM, 0)


def tell_of_life(descriptor):
    """By this the host tells an L1 that hangs from a case that takes its time."""
    while True:
        os.write(descriptor, b'{"alive": true}\n')
        time.sleep(2)


def run(test):
    """The outcome ("pass", "fail", "skip") of one test, and what it wrote."""
    reader, writer = os.pipe()
    if os.fork() == 0:
        os.close(reader)
        os.dup2(writer, 1)
        os.dup2(writer, 2)
        outcome, detail = attempt(test)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            pipe.write(f"{detail}\n{outcome}")
        os._exit(0)
    os.close(writer)
    text, in_time = read_all(reader, time.monotonic() + CASE_LIMIT_S + KILL_AFTER_S)
    kill_children()
    if not in_time:
        return "fail", f"{text}\ndid not end within {CASE_LIMIT_S} s, nor when told to"
    detail, _, outcome = text.rpartition("\n")
    if outcome not in ("pass", "fail", "skip"):
        return "fail", f"{text}\nthe test's process died"
    return outcome, detail.strip()


def attempt(test):
    signal.signal(signal.SIGALRM, out_of_time)
    signal.alarm(CASE_LIMIT_S)
    result = unittest.TestResult()
    sys.stderr = sys.stdout = output = io.StringIO()
    unittest.TestSuite([test]).run(result)
    problems = [text for _, text in result.errors + result.failures]
    problems += ["unexpected success" for _ in result.unexpectedSuccesses]
    if problems:
        return "fail", "\n".join(problems) + output.getvalue()
    if result.skipped:
        return "skip", result.skipped[0][1]
    return ("pass", "") if result.testsRun else ("fail", "no test ran")


def out_of_time(*_):
    raise CaseTimeout(f"did not end within {CASE_LIMIT_S} s")


def read_all(reader, deadline):
    """What comes until the writers are gone or the deadline is reached, and whether in time."""
    data = b""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                return data.decode("utf-8", "replace"), False
            part = pipe.read(65536)
            if not part:
                return data.decode("utf-8", "replace"), True
            data += part


def kill_children():
    """Kills and reaps all children, and what becomes our child by that, until there is none."""
    while True:
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            children = [int(word) for word in file.read().split()]
        for child in children:
            os.kill(child, signal.SIGKILL)
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            return


if __name__ == "__main__":
    sys.exit(main())
