# SPDX-License-Identifier: Apache-2.0
"""Completion scripts and man pages: that the shells and groff take them, and what bash then offers."""

import os
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

from command import COMMANDS, CommandTestCase, main, skiff

# Calls the function that `complete -F` names, as bash does on TAB.
PRESS_TAB = r"""
eval "$SCRIPT"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMPREPLY=()
entry=$(complete -p skiff); entry=${entry#*-F }
"${entry%% *}"
printf '%s\n' "${COMPREPLY[@]}"
"""


class BashCompletionTest(CommandTestCase):
    def complete(self, *words, folder=None):
        """What TAB offers after `skiff WORDS…`, the last word being the one to complete."""
        script = skiff("completion", "bash").stdout
        finished = subprocess.run(["bash", "-euc", PRESS_TAB, "bash", "skiff", *words], cwd=folder,
                                  env={**os.environ, "SCRIPT": script}, capture_output=True, text=True,
                                  timeout=20, check=False)
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        return sorted(finished.stdout.split())

    def test_commands(self):
        self.assertEqual(self.complete("d"), ["doctor"])
        self.assertEqual(self.complete(""), sorted([*COMMANDS, "--help", "--version"]))

    def test_option_names(self):
        self.assertEqual(self.complete("run", "--ent"), ["--entry"])
        self.assertEqual(self.complete("run", "--mem"), ["--memory", "--memory-backing"])
        self.assertEqual(self.complete("doctor", "--"), ["--help", "--json"])

    def test_values_of_options(self):
        self.assertEqual(self.complete("run", "--entry", ""), ["auto", "linux32", "linux64", "multiboot", "pvh"])
        self.assertEqual(self.complete("run", "--entry", "p"), ["pvh"])
        self.assertEqual(self.complete("run", "--serial", "n"), ["none"])
        self.assertEqual(self.complete("completion", ""), ["bash", "zsh"])
        self.assertEqual(self.complete("run", "--cpus", ""), [])

    def test_values_after_an_equals_sign(self):
        # bash hands the sign over as a word of its own.
        self.assertEqual(self.complete("run", "--entry", "=", "l"), ["linux32", "linux64"])
        self.assertEqual(self.complete("run", "--serial", "="),
                         ["file=", "none", "pty", "stdio", "unix="])

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("vmlinux", "initrd.cpio"):
                (Path(folder) / name).touch()
            self.assertEqual(self.complete("run", "vml", folder=folder), ["vmlinux"])
            self.assertEqual(self.complete("run", "k", "-i", "i", folder=folder), ["initrd.cpio"])
            self.assertEqual(self.complete("run", "--kernel", "=", "v", folder=folder), ["vmlinux"])
            self.assertEqual(self.complete("run", "--serial", "file", "=", "v", folder=folder),
                             ["vmlinux"])


class OtherTextsTest(CommandTestCase):
    @unittest.skipUnless(shutil.which("zsh"), "zsh is not installed")
    def test_zsh_reads_its_script(self):
        script = skiff("completion", "zsh").stdout
        finished = subprocess.run(["zsh", "-f", "-n", "-c", script], capture_output=True, text=True,
                                  timeout=20, check=False)
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))

    def test_zsh_script_is_an_autoload_function(self):
        script = skiff("completion", "zsh").stdout
        self.assertTrue(script.startswith("#compdef skiff\n"))
        self.assertIn("{-m+,--memory=}", script)

    @unittest.skipUnless(shutil.which("groff"), "groff is not installed")
    def test_groff_takes_the_man_pages_without_a_warning(self):
        for page in ((), *((command,) for command in COMMANDS)):
            with self.subTest(page):
                source = skiff("man", *page)
                self.assertEqual(source.returncode, 0)
                finished = subprocess.run(["groff", "-man", "-Tutf8", "-P-cbou", "-ww"],
                                          input=source.stdout, capture_output=True, text=True,
                                          timeout=20, check=False)
                self.assertEqual((finished.returncode, finished.stderr), (0, ""))
                self.assertIn("NAME", finished.stdout)

    def test_the_man_page_of_run_has_every_option(self):
        page = skiff("man", "run").stdout.replace("\\-", "-")
        for line in skiff("run", "--help").stdout.splitlines():
            if line.startswith(("  -", "      --")):
                self.assertIn(line.split("  ")[1 if line.startswith("  -") else 3].strip(), page)


if __name__ == "__main__":
    main()
