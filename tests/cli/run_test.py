# SPDX-License-Identifier: Apache-2.0
"""`skiff run`: what the command line does around a run."""

import os
import sys
import tempfile
from pathlib import Path

from command import SKIPPED, CommandTestCase, main, skiff

HELLO = os.path.join(os.environ.get("SKIFF_PAYLOADS", ""), "hello.elf")


class RunTest(CommandTestCase):
    def test_a_file_that_is_no_kernel_gets_one_line(self):
        self.assert_one_error_line(skiff("run", "/etc/passwd"), 2, "/etc/passwd")

    def test_a_kernel_that_does_not_exist_gets_one_line(self):
        self.assert_one_error_line(skiff("run", "/nonexistent/vmlinux"), 2, "/nonexistent/vmlinux")

    def test_an_initrd_that_does_not_exist_gets_one_line(self):
        self.assert_one_error_line(skiff("run", HELLO, "-i", "/nonexistent/initrd"), 2,
                                   "/nonexistent/initrd")

    def test_a_log_file_that_cannot_be_opened_gets_one_line(self):
        self.assert_one_error_line(skiff("run", HELLO, "--log-file", "/etc/passwd/log"), 2,
                                   "/etc/passwd/log")

    def test_dry_run_describes_the_machine_and_starts_nothing(self):
        finished = skiff("run", HELLO, "-m", "64M", "-c", "2", "-a", "some=thing", "--dry-run", "-q")
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        for part in ("hello.elf", "some=thing", "vCPUs: 2", "64 MiB", "RAM"):
            self.assertIn(part, finished.stdout)

    def test_quiet_leaves_only_the_guest(self):
        finished = skiff("run", HELLO, "-q", "--timeout", "20")
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        self.assertNotEqual(finished.stdout, "")

    def test_the_log_says_at_the_end_why_the_machine_stopped(self):
        finished = skiff("run", HELLO, "--timeout", "20")
        self.assertEqual(finished.returncode, 0)
        self.assertRegex(finished.stderr.splitlines()[-1], "^skiff: the guest (powered off|reset)")

    def test_a_log_file_takes_the_lines_of_standard_error(self):
        with tempfile.TemporaryDirectory() as folder:
            log = Path(folder) / "log"
            finished = skiff("run", HELLO, "--timeout", "20", "--log-file", log)
            self.assertEqual((finished.returncode, finished.stderr), (0, ""))
            self.assertIn("the guest", log.read_text(encoding="utf-8"))

    def test_verbose_shows_the_machine(self):
        finished = skiff("run", HELLO, "--timeout", "20", "-v")
        self.assertEqual(finished.returncode, 0)
        self.assertIn("vCPUs: 1", finished.stderr)


if __name__ == "__main__":
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("SKIPPED: no /dev/kvm that may be opened")
        sys.exit(SKIPPED)
    if not os.path.exists(HELLO):
        print("SKIPPED: no payloads: set SKIFF_PAYLOADS to their folder")
        sys.exit(SKIPPED)
    main()
