#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Says what ran and what was skipped, for each test tier, from ctest's own records.

usage: summary.py [NAME BUILD_FOLDER JUNIT_FILE]...

Exit status 1 if a test failed or could not be started, or if nothing ran; with CI=true also if
anything was skipped: a whole test (exit status 77) or single cases inside a unittest run.
"""

import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from dataclasses import dataclass, field

TIERS = ["lint", "unit", "kvm", "clients", "e2e", "nested", "fuzz-replay"]
UNITTEST_SKIP = re.compile(r"^(.*?)\s*\.\.\. skipped ['\"](.*)['\"]\s*$", re.MULTILINE)
UNITTEST_SKIP_COUNT = re.compile(r"^(?:OK|FAILED) \(.*?skipped=(\d+)", re.MULTILINE)


@dataclass
class Tier:
    passed: int = 0
    seconds: float = 0.0
    failed: list = field(default_factory=list)
    skipped: list = field(default_factory=list)


def labels_of(build_folder):
    """Test name -> its labels; ctest's JUnit file does not have them."""
    listing = subprocess.run(
        ["ctest", "--test-dir", build_folder, "--show-only=json-v1"],
        check=True, capture_output=True, text=True).stdout
    labels = {}
    for test in json.loads(listing)["tests"]:
        labels[test["name"]] = next(
            (p["value"] for p in test.get("properties", []) if p["name"] == "LABELS"), [])
    return labels


def tier_of(labels):
    return next((tier for tier in TIERS if tier in labels), "other")


def skip_reason(output):
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    named = [line for line in lines if line.lower().startswith("skip")]
    return (named or lines or ["no reason given"])[-1]


def skipped_cases(output):
    """(case, reason) for each unittest case that was skipped in a test that otherwise passed."""
    cases = [(case.split(" ")[0], reason) for case, reason in UNITTEST_SKIP.findall(output)]
    counts = UNITTEST_SKIP_COUNT.findall(output)
    if not cases and counts:
        cases = [(f"{counts[-1]} cases", "run with -v for the reasons")]
    return cases


def add_test(tier, test):
    name = test.get("name")
    output = test.findtext("system-out") or ""
    skip = test.find("skipped")
    tier.seconds += float(test.get("time", 0))
    if skip is not None and "SKIP_RETURN_CODE" in skip.get("message", ""):
        tier.skipped.append((name, skip_reason(output)))
    elif test.get("status") == "run":
        tier.passed += 1
        tier.skipped += [(f"{name} {case}", reason) for case, reason in skipped_cases(output)]
    else:
        reason = skip.get("message") if skip is not None else "failed"
        tier.failed.append((name, reason or "failed"))


def read_run(name, build_folder, junit_file):
    """The tiers of one ctest run, by title."""
    tiers = {}
    labels = labels_of(build_folder)
    for test in ElementTree.parse(junit_file).getroot().iter("testcase"):
        tier = tier_of(labels.get(test.get("name"), []))
        title = tier if name == "release" else f"{tier} ({name})"
        add_test(tiers.setdefault(title, Tier()), test)
    return tiers


def print_summary(tiers):
    print("\nSummary of the test tiers")
    print(f"  {'tier':<22}{'passed':>8}{'failed':>8}{'skipped':>9}{'seconds':>10}")
    for title, tier in tiers.items():
        print(f"  {title:<22}{tier.passed:>8}{len(tier.failed):>8}{len(tier.skipped):>9}"
              f"{tier.seconds:>10.1f}")
    for title, tier in tiers.items():
        for name, reason in tier.failed:
            print(f"  FAILED  {title}: {name}: {reason}")
        for name, reason in tier.skipped:
            print(f"  skipped {title}: {name}: {reason}")


def main(arguments):
    tiers = {}
    for index in range(0, len(arguments), 3):
        try:
            tiers.update(read_run(*arguments[index:index + 3]))
        except (OSError, ElementTree.ParseError, subprocess.CalledProcessError) as error:
            tiers[arguments[index]] = Tier(failed=[("ctest", f"left no results: {error}")])
    print_summary(tiers)

    failed = sum(len(tier.failed) for tier in tiers.values())
    skipped = sum(len(tier.skipped) for tier in tiers.values())
    passed = sum(tier.passed for tier in tiers.values())
    in_ci = os.environ.get("CI", "").lower() in ("1", "true", "yes")
    verdict = f"{passed} passed, {failed} failed, {skipped} skipped"
    if failed or not passed:
        print(f"FAILED: {verdict}")
        return 1
    if skipped and in_ci:
        print(f"FAILED: {verdict}; in CI nothing may be skipped")
        return 1
    print(f"passed: {verdict}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
