# SPDX-License-Identifier: Apache-2.0
"""When the guest dies, skiff says why: in words, with symbol, registers, bytes and a hint."""

import sys
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, backend, main  # noqa: E402


class DeathReport(SkiffTestCase):
    def test_a_triple_fault_is_explained(self):
        finished = self.run_payload("triple_fault")
        report = finished.error_text
        self.assertRegex(report, "(?i)triple fault")
        if backend() == "svm":
            self.assertRegex(report, "vCPU 0: its registers are lost")
            return
        self.assertRegex(report, r"(?i)\brip\b.*triple_fault")
        self.assertRegex(report, r"(?i)\brsp\b")
        self.assertRegex(report, r"(?i)\bcr3\b")

    def test_the_last_console_lines_are_told_where_they_were_not_seen(self):
        finished = self.run_payload("triple_fault", "", "--serial", "none")
        self.assertIn("about to fault", finished.error_text)
        # Standard output is another pipe than standard error; on a terminal both are seen together.
        self.assertIn("about to fault", self.run_payload("triple_fault", "", "-q").error_text)
        finished = self.run_payload("triple_fault", "", "-q", stdin="terminal")
        self.assertNotIn("about to fault", finished.error_text)

    def test_a_time_out_tells_where_the_processors_were(self):
        finished = self.run_payload("hang", "mode=spin", "-c", "2", "--timeout", "1")
        self.assertRegex(finished.error_text, r"(?i)\brip\b.*payload::run|\brip\b.*_ZN7payload3runEv")

    def test_a_refused_instruction_is_shown_with_a_hint(self):
        if backend() != "pvm":
            raise unittest.SkipTest("this KVM refuses no instruction")
        for instruction, code in (("fwait", "9b"), ("popcnt", "f3 48 0f b8 c0")):
            with self.subTest(instruction=instruction):
                finished = self.run_payload("refused_instruction", f"instruction={instruction}")
                report = finished.error_text
                self.assertRegex(report, rf"(?i)\brip\b.*execute_{instruction}")
                self.assertRegex(report, rf"(?i)\W{code}\W")
                self.assertRegex(report, "(?i)emulat")
                self.assertIn("emulated_cpl0", report)

    def test_an_orderly_end_has_no_report(self):
        finished = self.run_payload("power_off", "status=3")
        self.assertNotRegex(finished.error_text, r"(?i)\brip\b")

    def test_quiet_says_nothing_of_an_orderly_end(self):
        finished = self.run_payload("hello", "", "-q")
        self.assertEqual(finished.error_text, "")


if __name__ == "__main__":
    main()
