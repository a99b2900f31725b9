# SPDX-License-Identifier: Apache-2.0
"""Ports and addresses that no device claims."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, main, some  # noqa: E402


class UnclaimedIo(SkiffTestCase):
    def test_ports_read_as_all_ones_at_each_width_and_take_writes(self):
        finished = self.run_payload("port_io")
        self.assertEqual(finished.text, "sent by rep outsb\nall as expected\n")
        self.assertEqual(finished.status, 0)

    def test_addresses_read_as_all_ones_at_each_width_and_take_writes(self):
        for address in some((0xCF000000, 0xFF000000, 0x10_0000_0000)):
            with self.subTest(address=hex(address)):
                finished = self.run_payload("mmio", f"address={address:#x}")
                self.assertEqual(finished.text, "all as expected\n")
                self.assertEqual(finished.status, 0)

    def test_verbose_lists_them(self):
        ports = self.run_payload("port_io", "", "-v")
        self.assertRegex(ports.error_text, r"(?i)\b0x1230\b")
        addresses = self.run_payload("mmio", "", "-v")
        self.assertRegex(addresses.error_text, r"(?i)\b0xcf000000\b")

    def test_a_guest_cannot_flood_the_log_with_them(self):
        # port_io makes more than a thousand unclaimed accesses.
        finished = self.run_payload("port_io", "", "-v")
        self.assertLess(len(finished.error_text.splitlines()), 100)

    def test_without_verbose_they_are_not_listed(self):
        finished = self.run_payload("port_io")
        self.assertNotIn("0x1230", finished.error_text)

    def test_a_log_file_takes_the_list_instead_of_standard_error(self):
        log = self.folder() / "log.txt"
        finished = self.run_payload("port_io", "", "-v", "--log-file", log)
        self.assertIn("0x1230", log.read_text())
        self.assertNotIn("0x1230", finished.error_text)


if __name__ == "__main__":
    main()
