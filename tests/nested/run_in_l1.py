# SPDX-License-Identifier: Apache-2.0
"""Runs inside L1: every case in its own process and within its time, each reported at once as one
line of JSON on /dev/ttyS1. With arguments, runs only the cases whose names hold one of them."""

import json
import os
import signal
import sys
import time
import traceback

import cases

DETAIL_LIMIT = 12000


def main():
    wanted = sys.argv[1:]
    with open("/dev/ttyS1", "w", encoding="utf-8", buffering=1) as report:
        for case in cases.all_cases():
            if wanted and not any(part in case.name for part in wanted):
                continue
            report.write(json.dumps({"starting": case.name}) + "\n")
            started = time.monotonic()
            outcome, detail = run(case)
            report.write(json.dumps({
                "case": case.name, "outcome": outcome, "detail": detail[-DETAIL_LIMIT:],
                "seconds": round(time.monotonic() - started, 1)}) + "\n")
    return 0


def run(case):
    """The case's outcome and detail. Its process leads a group, which is killed when it is over,
    so that neither a stuck case nor a skiff that it left behind disturbs the next one."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.setpgid(0, 0)
        os.close(reader)
        outcome, detail = attempt(case)
        with os.fdopen(writer, "w", encoding="utf-8") as pipe:
            json.dump([outcome, detail], pipe)
        os._exit(0)
    os.close(writer)
    try:
        os.setpgid(child, child)
    except OSError:
        pass  # The child was faster.
    answer = read_all(reader, time.monotonic() + case.limit_s)
    try:
        os.killpg(child, signal.SIGKILL)
    except ProcessLookupError:
        pass
    os.waitpid(child, 0)
    if answer is None:
        return "fail", f"did not end within {case.limit_s} s"
    try:
        return json.loads(answer)
    except ValueError:
        return "fail", "the case's process died"


def attempt(case):
    try:
        case.run()
    except cases.Skipped as why:
        return "skip", str(why)
    except cases.Failure as why:
        return "fail", str(why)
    except BaseException:  # pylint: disable=broad-except
        return "fail", traceback.format_exc()
    return "pass", ""


def read_all(reader, deadline):
    """All that comes until the writers are gone, or None when that takes too long."""
    import select  # pylint: disable=import-outside-toplevel
    data = b""
    with os.fdopen(reader, "rb", buffering=0) as pipe:
        while True:
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([pipe], [], [], left)[0]:
                return None
            part = pipe.read(65536)
            if not part:
                return data
            data += part


if __name__ == "__main__":
    sys.exit(main())
