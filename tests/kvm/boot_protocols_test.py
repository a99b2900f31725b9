# SPDX-License-Identifier: Apache-2.0
"""What the loader hands to the guest: command line, initrd, memory map, ACPI's root pointer."""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, checksum, main, payload_path, some  # noqa: E402

PAGE = 4096


class Pvh(SkiffTestCase):
    def test_parameters_are_added_to_the_command_line(self):
        finished = self.run_payload("cmdline_and_modules", "first=1 second=two")
        line = re.search(r"command line: (.*)\n", finished.text)[1]
        self.assertIn("first=1 second=two", line)
        self.assertEqual(finished.status, 0)

    def test_the_whole_command_line_can_be_given(self):
        # Without devices: those that there are would still be named on it.
        finished = self.run_skiff("run", payload_path("cmdline_and_modules"), "--cmdline",
                                  "nothing but this", "--no-host-quirks", "--no-rng")
        self.assertIn("command line: nothing but this\n", finished.text)

    def test_virtio_devices_are_named_beside_the_users_parameters(self):
        for arguments, line in (
                (["-a", "told=so"],
                 "console=ttyS0 reboot=k panic=-1 virtio_mmio.device=4K@0xd0000000:5:0 told=so"),
                (["--cmdline", "whole -- init"],
                 "whole virtio_mmio.device=4K@0xd0000000:5:0 -- init")):
            with self.subTest(arguments=arguments):
                finished = self.run_skiff("run", payload_path("cmdline_and_modules"),
                                          "--no-host-quirks", *arguments)
                self.assertIn(f"command line: {line}\n", finished.text)

    def test_the_initrd_arrives_unchanged(self):
        for size in some((1, PAGE, PAGE + 1, 100_000)):
            with self.subTest(size=size):
                data = bytes(i * 31 % 256 for i in range(size))
                initrd = self.folder() / "initrd"
                initrd.write_bytes(data)
                finished = self.run_payload("cmdline_and_modules", "", "-i", initrd)
                module = re.search(r"module 0 address (\w+) size (\d+) checksum (\w+)\n",
                                   finished.text)
                self.assertEqual(int(module[1], 16) % PAGE, 0)
                self.assertEqual(int(module[2]), size)
                self.assertEqual(module[3], checksum(data))

    def test_without_an_initrd_there_is_no_module(self):
        finished = self.run_payload("cmdline_and_modules")
        self.assertIn("modules 0\n", finished.text)

    def test_the_root_pointer_of_acpi_is_there_unless_refused(self):
        finished = self.run_payload("cmdline_and_modules")
        self.assertIn("rsdp signature RSD PTR \n", finished.text)
        finished = self.run_payload("cmdline_and_modules", "", "--no-acpi")
        self.assertIn("rsdp 0x0\n", finished.text)


class Linux(SkiffTestCase):
    def boot(self, kernel, *arguments):
        data = b"an initrd" * 1000
        initrd = self.folder() / "initrd"
        initrd.write_bytes(data)
        finished = self.run_skiff("run", kernel, "-a", "told=so", "-i", initrd, "-m", "128M",
                                  *arguments)
        self.assertEqual(finished.status, 0, finished.text)
        self.assertRegex(finished.text, r"boot flag 0xaa55 header 0x53726448 ")
        self.assertRegex(finished.text, r"command line: .*told=so.*\n")
        self.assertRegex(finished.text, rf"initrd address \w+ size 9000 checksum {checksum(data)}\n")
        self.assertIn("rsdp signature RSD PTR \n", finished.text)
        # Usable memory begins at 0 and at 1 MiB, and the latter range reaches the end.
        ranges = re.findall(r"e820 (\w+) size (\w+) type (\d+)", finished.text)
        ram = {int(start, 16): int(size, 16) for start, size, kind in ranges if kind == "1"}
        self.assertIn(0, ram)
        self.assertEqual(ram[1 << 20], 127 << 20)

    def test_an_elf_file_without_a_pvh_note_is_entered_by_the_64_bit_protocol(self):
        self.boot(payload_path("linux64"))

    def test_the_64_bit_protocol_can_be_asked_for(self):
        self.boot(payload_path("linux64"), "--entry", "linux64")

    def test_the_32_bit_protocol_can_be_asked_for(self):
        self.boot(payload_path("linux32"), "--entry", "linux32")

    def test_a_bzimage_without_a_compressed_kernel_is_entered_as_it_is(self):
        path = os.path.join(os.environ["SKIFF_PAYLOADS"], "bzImage")
        for arguments in some(([], ["--entry", "linux64"], ["--entry", "linux32"])):
            with self.subTest(arguments=arguments):
                self.boot(path, *arguments)

    def test_pvh_cannot_be_asked_of_a_file_without_the_note(self):
        finished = self.run_payload("linux64", "", "--entry", "pvh")
        self.assertEqual(finished.status, 2)
        self.assertRegex(finished.error_text, "(?i)pvh")
        self.assertEqual(len(finished.error_text.splitlines()), 1, finished.error_text)


if __name__ == "__main__":
    main()
