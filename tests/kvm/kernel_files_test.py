# SPDX-License-Identifier: Apache-2.0
"""Kernels that are none, host files that change, and runs that must not start anything."""

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, main, payload_path, skiff_path, time_factor  # noqa: E402

MIB = 1 << 20


class NotAKernel(SkiffTestCase):
    def refuse(self, path, *words):
        """Status 2 and one line that names the file and what it is."""
        finished = self.run_skiff("run", path)
        self.assertEqual(finished.status, 2, finished.error_text)
        self.assertEqual(len(finished.error_text.splitlines()), 1, finished.error_text)
        self.assertIn(str(path), finished.error_text)
        for word in words:
            self.assertRegex(finished.error_text, f"(?i){word}")
        self.assertEqual(finished.output, b"")

    def file(self, data):
        path = self.folder() / "kernel"
        path.write_bytes(data)
        return path

    def test_a_file_that_is_not_there(self):
        self.refuse("/nowhere/vmlinux", "no such file|not found|does not exist")

    def test_a_folder(self):
        self.refuse("/etc", "director|folder")

    def test_a_text_file(self):
        self.refuse("/etc/passwd", "text")

    def test_an_empty_file(self):
        self.refuse(self.file(b""), "empty")

    def test_a_device(self):
        self.refuse("/dev/zero", "device|regular|special")

    def test_a_named_pipe_does_not_hang(self):
        path = self.folder() / "pipe"
        os.mkfifo(path)
        self.refuse(path, "pipe|fifo|regular|special")

    def test_an_elf_file_cut_off_in_its_headers(self):
        data = Path(payload_path("hello")).read_bytes()
        self.refuse(self.file(data[:100]), "elf", "truncated|cut|short|ends")

    def test_an_elf_file_cut_off_in_a_segment(self):
        data = Path(payload_path("hello")).read_bytes()
        self.refuse(self.file(data[:5000]), "truncated|cut|short|ends")

    def test_an_elf_file_of_another_processor(self):
        data = bytearray(Path(payload_path("hello")).read_bytes())
        struct.pack_into("<H", data, 18, 183)  # e_machine = EM_AARCH64
        self.refuse(self.file(data), "aarch64|arm64")

    def test_an_aarch64_image(self):
        data = bytearray(4096)
        data[0x38:0x3C] = b"ARM\x64"
        self.refuse(self.file(data), "aarch64|arm64")

    def test_a_compressed_file(self):
        data = gzip.compress(Path(payload_path("hello")).read_bytes())
        self.refuse(self.file(data), "gzip")

    def test_a_program_of_the_host(self):
        self.refuse(skiff_path(), "elf|program|executable")


class FilesThatChange(SkiffTestCase):
    def test_an_initrd_cut_off_while_the_guest_runs_ends_it_with_a_message(self):
        initrd = self.folder() / "initrd"
        initrd.write_bytes(b"x" * MIB)
        skiff = self.start_payload("cmdline_and_modules", "wait=1", "-i", initrd, stdin="pipe")
        skiff.expect("waiting for a byte")
        os.truncate(initrd, 0)
        skiff.send("x")
        finished = skiff.wait()
        self.assertEqual(finished.status, 1, finished.error_text)
        self.assertRegex(finished.error_text, "(?i)truncated")

    def test_a_kernel_cut_off_while_it_runs_ends_with_a_report(self):
        kernel = self.folder() / "kernel"
        kernel.write_bytes(Path(payload_path("cmdline_and_modules")).read_bytes())
        skiff = self.start("run", kernel, "-a", "wait=1", "--no-host-quirks", stdin="pipe")
        skiff.expect("waiting for a byte")
        os.truncate(kernel, 0)
        finished = skiff.wait()
        self.assertIn(finished.status, (1, 71, 72), finished.error_text)
        self.assertRegex(finished.error_text, r"(?i)\brip\b")


class DryRun(SkiffTestCase):
    def test_it_starts_nothing_and_says_what_it_would_do(self):
        finished = self.run_payload("hello", "", "--dry-run", "-m", "256M", "-c", "2")
        self.assertEqual(finished.status, 0)
        self.assertNotIn("Hello", finished.text)
        self.assertIn(payload_path("hello"), finished.text + finished.error_text)

    def test_it_finds_mistakes(self):
        finished = self.run_skiff("run", "/etc/passwd", "--dry-run")
        self.assertEqual(finished.status, 2)


class ClosedDescriptors(SkiffTestCase):
    def test_it_runs_with_standard_input_closed(self):
        self.assertEqual(self.run_in_shell("0<&-").returncode, 0)

    def test_it_runs_with_standard_output_closed(self):
        self.assertGreaterEqual(self.run_in_shell("1>&-").returncode, 0)

    def test_it_runs_with_all_three_closed(self):
        self.assertGreaterEqual(self.run_in_shell("0<&- 1>&- 2>&-").returncode, 0)

    def run_in_shell(self, redirection):
        command = f'exec "$0" run "$1" {redirection}'
        return subprocess.run(["sh", "-c", command, skiff_path(), payload_path("hello")],
                              stdin=subprocess.DEVNULL, capture_output=True, check=False,
                              timeout=20 * time_factor())


if __name__ == "__main__":
    main()
