#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""One command in a freshly booted kernel, without any image: `skiff run -k KERNEL -- COMMAND`. Its three
streams, its status, its files, its environment, a root of its own, a terminal, and what is wrong with it
before anything is booted."""

import os
import random
import shutil
import subprocess

from linux_guest import BOOT_SECONDS, main
from output_stream import SlowReader
from skiff_runner import SkiffTestCase, image_path

KIB = 1024
MIB = 1024 * KIB
BUSYBOX = "/bin/busybox"
# Without the driver of the virtio console, the serial port is all there is.
NO_VIRTIO_CONSOLE = ("-a", "initcall_blacklist=virtio_console_init")


def some_bytes(size):
    return random.Random(size).randbytes(size)


class CommandTestCase(SkiffTestCase):
    def start_command(self, *arguments, **options):
        """`skiff run -k vmlinux ARGUMENTS…`"""
        return self.start("run", "-k", image_path("vmlinux"), *arguments, **options)

    def run_command(self, *arguments, **options):
        return self.start_command(*arguments, **options).wait(BOOT_SECONDS)


class BeforeTheBoot(CommandTestCase):
    """What can be known is said at once, in one line; none of these boots anything."""

    def assert_refused(self, status, pattern, *arguments, **options):
        finished = self.start_command(*arguments, **options).wait(20)
        self.assertEqual(finished.status, status, finished.error_text)
        self.assertRegex(finished.error_text, pattern)
        self.assertEqual(finished.error_text.count("\n"), 1, finished.error_text)
        self.assertEqual(finished.output, b"")

    def test_a_command_that_is_not_there_is_127(self):
        self.assert_refused(127, "'nonexistent' was not found in PATH", "--", "nonexistent")
        self.assert_refused(127, "'./nonexistent' does not exist", "--", "./nonexistent")

    def test_what_cannot_be_executed_is_126(self):
        folder = self.folder()
        for name, content in (("text", b"no program\n"), ("foreign", b"\x7fELF\x02\x01\x01" + bytes(9) +
                                                          b"\x02\x00\xb7\x00" + bytes(60))):
            (folder / name).write_bytes(content)
            (folder / name).chmod(0o755)
        (folder / "plain").write_bytes(b"#!/bin/sh\n")
        self.assert_refused(126, "neither an ELF program nor begins with #!", "--", folder / "text")
        self.assert_refused(126, "no program for x86", "--", folder / "foreign")
        self.assert_refused(126, "no execute permission", "--", folder / "plain")
        self.assert_refused(126, "no regular file", "--", folder)

    def test_a_missing_interpreter_or_library_is_127(self):
        script = self.folder() / "script"
        script.write_text("#!/no/such/interpreter\n")
        script.chmod(0o755)
        self.assert_refused(127, "the interpreter of .*/no/such/interpreter", "--", script)
        program = build_program(self.folder())
        (program.parent / "private" / "libanswer.so").unlink()
        self.assert_refused(127, "libraries that are not found on this host: libanswer.so", "--", program)

    def test_a_root_without_the_command_is_127(self):
        self.assert_refused(127, "'sh' was not found in ", "--root", self.folder(), "--", "sh")

    def test_what_is_to_be_added_must_be_there(self):
        self.assert_refused(2, "--add: cannot use '/no/such'", "--add", "/no/such", "--", "true")

    def test_a_command_makes_its_own_guest(self):
        self.assert_refused(2, "--initrd and a command", "-i", "x", "--", "true")
        self.assert_refused(2, "--env is for a command, but there is none", "--env", "A=1")
        self.assert_refused(2, "no command follows --", "--")


def build_program(folder):
    """A program with a library that only its RPATH leads to."""
    private = folder / "private"
    private.mkdir()
    (folder / "answer.c").write_text("int answer(void) { return 42; }\n")
    (folder / "program.c").write_text(
        '#include <stdio.h>\nint answer(void);\n'
        'int main(int n, char** words) { printf("answer=%d %s\\n", answer(), words[n - 1]); }\n')
    compiler = shutil.which("gcc") or shutil.which("cc") or "clang"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", private / "libanswer.so", folder / "answer.c"],
                   check=True, timeout=60)
    subprocess.run([compiler, "-o", folder / "program", folder / "program.c", f"-L{private}", "-lanswer",
                    "-Wl,-rpath,$ORIGIN/private"], check=True, timeout=60)
    return folder / "program"


class Streams(CommandTestCase):
    def test_output_and_errors_are_two_streams_and_the_status_is_the_commands(self):
        finished = self.run_command("--", "sh", "-c", "echo out; echo err >&2; exit 37")
        self.assertEqual(finished.output, b"out\n")
        self.assertEqual(finished.errors, b"err\n")
        self.assertEqual(finished.status, 37)

    def test_input_of_any_bytes_passes_through_cat(self):
        size = 10 * MIB if os.environ.get("SKIFF_TEST_FULL") else MIB
        data = some_bytes(size)
        skiff = self.start_command("--", "cat", stdin="pipe")
        skiff.send(data, 4 * BOOT_SECONDS)
        skiff.close_stdin()
        finished = skiff.wait(4 * BOOT_SECONDS)
        self.assertEqual(finished.status, 0, finished.error_text)
        self.assertTrue(finished.output == data, f"{len(finished.output)} of {size} bytes, or others")

    def test_a_slow_reader_gets_all_of_it_after_the_guests_end(self):
        # Begins to read when the guest has long ended.
        finished = self.start_command("--", "head", "-c", 300 * KIB, "/dev/zero",
                                      slow_reader=SlowReader(start_after=12, pipe_size=4096)
                                      ).wait(2 * BOOT_SECONDS)
        self.assertEqual((finished.status, finished.errors), (0, b""))
        self.assertTrue(finished.output == bytes(300 * KIB), f"{len(finished.output)} bytes")

    def test_a_reader_that_leaves_is_a_broken_pipe_to_the_command(self):
        finished = self.start_command("--", "yes", slow_reader=SlowReader(close_after=100)
                                      ).wait(BOOT_SECONDS)
        self.assertEqual(finished.status, 128 + 13)
        self.assertTrue(finished.output.startswith(b"y\ny\n"))

    def test_without_a_virtio_console_the_serial_port_carries_every_byte(self):
        # More than a terminal driver buffers, and all the bytes that a terminal would take for its own.
        data = bytes(range(256)) * 64 + b"\x10E\x10\x10E" + some_bytes(64 * KIB)
        skiff = self.start_command("-v", *NO_VIRTIO_CONSOLE, "--", "sh", "-c",
                                   "cat; echo errors >&2; exit 3", stdin="pipe")
        skiff.send(data, 2 * BOOT_SECONDS)
        skiff.close_stdin()
        finished = skiff.wait(2 * BOOT_SECONDS)
        self.assertEqual(finished.status, 3, finished.error_text)
        self.assertTrue(finished.output == data + b"errors\n", f"{len(finished.output)} bytes, or others")
        self.assertIn("no virtio console", finished.error_text)


SCRIPT = """#!/bin/sh
echo "arguments: $# [$1] [$2]"
echo "folder: $(pwd)"
echo "one: $ONE two: $TWO home: $HOME path: $PATH"
./program "said" && cat /etc/added/file
ls /etc/added | tr '\\n' ' '; echo
echo "kernel: $(uname -s) processes: $$ cpus: $(nproc)"
echo "to the device" > /dev/stdout
test -w /dev/null && echo "devices"
echo "loopback: $(cat /sys/class/net/lo/operstate)"
kill -TERM $$
"""


class WhatTheCommandFinds(CommandTestCase):
    """One boot of a script; what it said, a check for each line."""

    def test_a_script_finds_its_folder_files_environment_and_programs(self):
        folder = self.folder()
        program = build_program(folder)
        script = folder / "script"
        script.write_text(SCRIPT)
        script.chmod(0o755)
        added = self.folder()
        (added / "file").write_text("added text\n")
        finished = self.run_command(
            "-c", 2, "--env", "ONE=1 x", "--env", "TWO", "--add", program, "--add", f"{added}:/etc/added",
            "--", "./script", "a b", "*", cwd=folder, environment={"TWO": "from here"})
        text = finished.text
        self.assertEqual(finished.status, 128 + 15, text + finished.error_text)
        self.assertEqual(finished.errors, b"")
        self.assertIn("arguments: 2 [a b] [*]\n", text)
        self.assertIn(f"folder: {folder.resolve()}\n", text)
        self.assertIn("one: 1 x two: from here home: /root path: /usr/local/sbin:", text)
        self.assertIn("answer=42 said\nadded text\n", text)
        self.assertIn("\nfile \n", text)
        self.assertRegex(text, r"kernel: Linux processes: \d+ cpus: 2\n")
        self.assertIn("to the device\ndevices\n", text)

    def test_four_guests_run_beside_each_other(self):
        guests = [self.start_command("--", "sh", "-c", f"echo guest {i}; exit {i}") for i in range(4)]
        for i, guest in enumerate(guests):
            finished = guest.wait(4 * BOOT_SECONDS)
            self.assertEqual((finished.output, finished.status), (b"guest %d\n" % i, i))

    def test_a_guest_that_ends_without_the_command_is_125(self):
        finished = self.run_command("--", "sh", "-c", "echo begun; reboot -f; sleep 60")
        self.assertEqual(finished.status, 125)
        self.assertEqual(finished.text, "begun\n")
        self.assertRegex(finished.error_text, "the command did not run to its end: the guest reset itself")


class Root(CommandTestCase):
    def make_root(self):
        root = self.folder()
        (root / "bin").mkdir()
        shutil.copy(BUSYBOX, root / "bin" / "busybox")
        # As in a real root: an absolute link, which leads to a place in the root.
        (root / "bin" / "sh").symlink_to("/bin/busybox")
        (root / "kept").write_text("kept\n")
        return root

    def check_root(self, root, wanted_file_system):
        finished = self.run_command("--root", root, "--", "sh", "-c",
                                    "pwd; cat /kept; echo new > /kept; cat /kept; > /made;"
                                    " grep ' / ' /proc/mounts; exit 9")
        self.assertEqual(finished.status, 9, finished.error_text)
        self.assertRegex(finished.text, r"^/\nkept\nnew\n")
        self.assertRegex(finished.text, rf"\n{wanted_file_system} / ")
        self.assertEqual((root / "kept").read_text(), "kept\n")
        self.assertFalse((root / "made").exists())

    def test_a_small_root_is_packed(self):
        self.check_root(self.make_root(), "rootfs")

    def test_a_large_root_is_a_disk_with_a_layer_in_memory_above_it(self):
        root = self.make_root()
        (root / "large").write_bytes(some_bytes(20 * MIB))
        self.check_root(root, "overlay")


class Interactive(CommandTestCase):
    def test_a_shell_has_the_terminal_with_job_control_and_window_size(self):
        skiff = self.start_command("--interactive", "--env", "PS1=guest> ", "--", "sh", stdin="terminal")
        skiff.expect("guest> ", BOOT_SECONDS)
        subprocess.run(["stty", "-F", skiff.terminal, "rows", "41", "columns", "97"], check=True)
        skiff.send("until test \"$(stty size)\" = '41 97'; do sleep 0.1; done; echo size''=seen; tty\n")
        skiff.expect(r"size=seen\r\n/dev/hvc0\r\n", BOOT_SECONDS)
        skiff.expect("guest> ")
        skiff.send("sh -c 'echo wait\"\"ing; exec sleep 1000'\n")
        skiff.expect(r"waiting\r\n")
        skiff.send("\x03")
        skiff.expect("guest> ")
        skiff.send("sleep 1000 &\n")
        skiff.expect("guest> ")
        skiff.send("jobs; kill %1; exit 6\n")
        skiff.expect(r"\[1\].*Running")
        self.assertEqual(skiff.wait(BOOT_SECONDS).status, 6)

    def test_it_needs_a_terminal(self):
        finished = self.run_command("--interactive")
        self.assertEqual(finished.status, 2)
        self.assertRegex(finished.error_text, "--interactive needs a terminal")


if __name__ == "__main__":
    main(needs=("kvm", "images"))
