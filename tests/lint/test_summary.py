#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The verdict of ./dev test, on made-up results of ctest."""

import contextlib
import io
import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tools" / "dev"))
import summary  # noqa: E402

PASSED = '<testcase name="{}" time="1" status="run"><system-out>{}</system-out></testcase>'
FAILED = '<testcase name="{}" time="1" status="fail"><failure/><system-out>{}</system-out></testcase>'
SKIPPED = ('<testcase name="{}" time="0" status="notrun"><skipped message="SKIP_RETURN_CODE=77"/>'
           "<system-out>{}</system-out></testcase>")
NO_PROGRAM = ('<testcase name="{}" time="0" status="notrun"><skipped message="Unable to find'
              ' executable"/><system-out>{}</system-out></testcase>')


class Summary(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.results = Path(scratch.name) / "release.xml"

    def verdict(self, *cases, ci=False):
        """(exit status, what was printed) for these (template, test, output, label)."""
        self.results.write_text("<testsuite>" + "".join(
            template.format(name, output) for template, name, output, _ in cases) + "</testsuite>")
        labels = {name: [label] for _, name, _, label in cases}
        printed = io.StringIO()
        with mock.patch.object(summary, "labels_of", return_value=labels), \
                mock.patch.dict(os.environ, {"CI": "true" if ci else ""}), \
                contextlib.redirect_stdout(printed):
            status = summary.main(["release", "build/release", str(self.results)])
        return status, printed.getvalue()

    def test_all_passed(self):
        status, text = self.verdict((PASSED, "a", "", "unit"), (PASSED, "b", "", "kvm"), ci=True)
        self.assertEqual(status, 0, text)

    def test_a_failure_fails_and_is_named(self):
        status, text = self.verdict((PASSED, "a", "", "unit"), (FAILED, "b", "", "kvm"))
        self.assertEqual(status, 1)
        self.assertIn("FAILED  kvm: b", text)

    def test_a_test_whose_program_was_not_built_fails(self):
        status, text = self.verdict((PASSED, "a", "", "unit"), (NO_PROGRAM, "b", "", "unit"))
        self.assertEqual(status, 1)
        self.assertIn("Unable to find executable", text)

    def test_a_skipped_test_is_shown_with_its_reason_and_fails_in_ci_only(self):
        cases = [(PASSED, "a", "", "unit"), (SKIPPED, "b", "noise\nSKIPPED: no /dev/kvm\n", "kvm")]
        status, text = self.verdict(*cases)
        self.assertEqual(status, 0)
        self.assertIn("skipped kvm: b: SKIPPED: no /dev/kvm", text)
        self.assertEqual(self.verdict(*cases, ci=True)[0], 1)

    def test_a_skipped_case_inside_a_unittest_run_counts(self):
        output = "test_x (m.C) ... ok\ntest_y (m.C) ... skipped 'no hugepages'\nOK (skipped=1)\n"
        status, text = self.verdict((PASSED, "b", output, "kvm"), ci=True)
        self.assertEqual(status, 1)
        self.assertIn("b test_y: no hugepages", text)

    def test_nothing_ran_is_a_failure(self):
        self.assertEqual(self.verdict()[0], 1)

    def test_a_run_without_results_is_a_failure(self):
        with contextlib.redirect_stdout(io.StringIO()), \
                mock.patch.object(summary, "labels_of", return_value={}):
            self.assertEqual(summary.main(["release", "build/release", "/nonexistent.xml"]), 1)


if __name__ == "__main__":
    unittest.main()
