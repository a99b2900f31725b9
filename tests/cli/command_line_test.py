# SPDX-License-Identifier: Apache-2.0
"""Help, version and wrong command lines, as a user sees them."""

import re

from command import COMMANDS, CommandTestCase, main, skiff

# The options that skiff promises; taking one away breaks users.
RUN_OPTIONS = ("kernel", "initrd", "append", "cmdline", "cpus", "memory", "timeout", "grace", "serial",
               "memory-backing", "entry", "debug-exit", "no-acpi", "no-host-quirks", "dry-run", "quiet",
               "verbose", "log-file", "help")


class HelpTest(CommandTestCase):
    def test_help_of_the_program_lists_its_commands(self):
        finished = skiff("--help")
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        for command in COMMANDS:
            self.assertRegex(finished.stdout, rf"(?m)^  {command} ")
        self.assertEqual(skiff("-h").stdout, finished.stdout)

    def test_help_of_run_mentions_all_options_and_examples(self):
        finished = skiff("run", "--help")
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        for option in RUN_OPTIONS:
            self.assertRegex(finished.stdout, rf"(?m)^  (-\w,|   ) --{option}\b")
        self.assertIn("Examples:", finished.stdout)
        self.assertIn("Exit status:", finished.stdout)

    def test_every_command_has_help(self):
        for command in COMMANDS:
            with self.subTest(command):
                finished = skiff(command, "-h")
                self.assertEqual(finished.returncode, 0)
                self.assertTrue(finished.stdout.startswith(f"usage: skiff {command}"))

    def test_version_is_one_line(self):
        finished = skiff("--version")
        self.assertEqual(finished.returncode, 0)
        self.assertRegex(finished.stdout, r"\Askiff \d+\.\d+\.\d+( \([-\w.]+\))?\n\Z")

    def test_the_commands_of_the_examples_exist(self):
        for command in COMMANDS:
            for example in re.findall(r"(?m)^  (?:source <\()?skiff (\w+)", skiff(command, "-h").stdout):
                self.assertIn(example, COMMANDS)


class WrongCommandLineTest(CommandTestCase):
    def test_no_command(self):
        self.assert_one_error_line(skiff(), 2, "no command given", "skiff run KERNEL")

    def test_a_mistyped_command_is_suggested(self):
        self.assert_one_error_line(skiff("rnu"), 2, "'rnu'", "did you mean run?")

    def test_a_file_in_place_of_a_command_is_told_about_run(self):
        self.assert_one_error_line(skiff("./vmlinux"), 2, "skiff run ./vmlinux")

    def test_a_mistyped_option_is_suggested(self):
        self.assert_one_error_line(skiff("run", "k", "--memmory", "1G"), 2, "--memmory",
                                   "did you mean --memory?")

    def test_values_out_of_range(self):
        for arguments in (["-c", "0"], ["-c", "255"], ["-m", "much"], ["-m", ""], ["--timeout", "0"],
                          ["--serial", "?"], ["--entry", "bios"], ["--debug-exit=x"]):
            with self.subTest(arguments):
                self.assert_one_error_line(skiff("run", "k", *arguments), 2)

    def test_missing_values_and_arguments(self):
        self.assert_one_error_line(skiff("run", "-k"), 2, "--kernel needs a value")
        self.assert_one_error_line(skiff("run"), 2, "no kernel given")
        self.assert_one_error_line(skiff("inspect"), 2, "FILE is missing")
        self.assert_one_error_line(skiff("completion", "fish"), 2, "fish", "bash or zsh")
        self.assert_one_error_line(skiff("man", "ls"), 2, "'ls'")

    def test_a_name_with_a_line_break_stays_one_line(self):
        self.assert_one_error_line(skiff("run", "k", "a\nb\x1b[2J"), 2, "a\\x0ab\\x1b[2J")

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            finished = skiff("--help", stdout=full)
        self.assertEqual(finished.returncode, 1)
        self.assertIn("standard output", finished.stderr)


if __name__ == "__main__":
    main()
