# SPDX-License-Identifier: Apache-2.0
"""Runs the skiff binary named by the environment variable SKIFF."""

import os
import subprocess
import sys
import unittest

SKIPPED = 77
COMMANDS = ("run", "firecracker", "config", "test", "doctor", "inspect", "gdb", "qemu", "completion", "man")


def skiff(*arguments, **options):
    """The finished process of `skiff ARGUMENTS…`, with text output."""
    options.setdefault("stdout", subprocess.PIPE)
    return subprocess.run([os.environ["SKIFF"], *map(str, arguments)], stdin=subprocess.DEVNULL,
                          stderr=subprocess.PIPE, timeout=60, check=False, text=True, **options)


class CommandTestCase(unittest.TestCase):
    maxDiff = None

    def assert_one_error_line(self, finished, status, *parts):
        """It ended with the status, after exactly one line on standard error that has the parts."""
        self.assertEqual((finished.returncode, finished.stdout), (status, ""), finished.stderr)
        self.assertRegex(finished.stderr, r"\Askiff: [^\n]+\n\Z")
        for part in parts:
            self.assertIn(part, finished.stderr)


def main():
    if not os.access(os.environ.get("SKIFF", ""), os.X_OK):
        print("SKIPPED: no skiff binary: set SKIFF to its path")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
