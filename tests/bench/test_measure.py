#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The benchmark's arithmetic, on made-up data."""

import struct
import tempfile
import unittest
from pathlib import Path

import big_images
import measure

PAGE = 4096


def mapping(begin, end, rss, private, name=""):
    return (f"{begin:x}-{end:x} rw-p 00000000 00:00 0    {name}\n"
            f"Size:  {(end - begin) // 1024} kB\nRss:   {rss} kB\nPss:   {rss} kB\n"
            f"Private_Clean:  0 kB\nPrivate_Dirty: {private} kB\nVmFlags: rd wr\n")


class Footprint(unittest.TestCase):
    def test_guest_memory_is_found_where_files_are_mapped_into_it(self):
        text = (mapping(0x1000, 0x3000, 8, 4, "/usr/bin/skiff")
                + mapping(0x100000, 0x140000, 256, 256)
                + mapping(0x140000, 0x180000, 256, 0, "/images/vmlinux")
                + mapping(0x180000, 0x200000, 100, 100)
                + mapping(0x300000, 0x304000, 16, 16, "[stack]"))
        mappings = measure.parse_smaps(text)
        guest = measure.guest_memory_of(mappings, 0x100000)
        self.assertEqual([m.begin for m in guest], [0x100000, 0x140000, 0x180000])
        self.assertEqual(sum(m.rss for m in guest), 612)
        self.assertEqual(sum(m.private for m in mappings if m not in guest), 20)

    def test_a_heap_behind_guest_memory_counts_as_the_vmms(self):
        text = (mapping(0x100000, 0x140000, 256, 256, "/images/vmlinux")
                + mapping(0x140000, 0x221000, 100, 100)
                + mapping(0x300000, 0x304000, 16, 16, "[stack]"))
        guest = measure.guest_memory_of(measure.parse_smaps(text), 0x100000)
        self.assertEqual([m.begin for m in guest], [0x100000])

    def test_mappings_with_a_gap_are_not_taken_for_guest_memory(self):
        text = mapping(0x100000, 0x140000, 0, 0) + mapping(0x150000, 0x210000, 0, 0)
        with self.assertRaises(measure.BenchError):
            measure.guest_memory_of(measure.parse_smaps(text), 0x100000)


class Spread(unittest.TestCase):
    def test_order_statistics(self):
        spread = measure.Spread.of([5.0, 1.0, 2.0, 4.0, 3.0])
        self.assertEqual((spread.n, spread.minimum, spread.q1, spread.median, spread.q3),
                         (5, 1.0, 2.0, 3.0, 4.0))


class BigImages(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.folder = Path(scratch.name)

    def image(self, program_headers):
        header = big_images.ELF64_HEADER.pack(
            b"\x7fELF\2\1\1", 2, 62, 1, 0x100000, 64, 0, 0, 64, 56, program_headers, 0, 0, 0)
        path = self.folder / "small"
        path.write_bytes(header.ljust(PAGE, b"\0") + b"code")
        return path

    def test_a_padded_kernel_has_one_more_aligned_segment_of_that_size(self):
        big_images.pad_kernel(self.image(2), self.folder / "big", 3 * big_images.MIB + 1)
        image = (self.folder / "big").read_bytes()
        self.assertEqual(struct.unpack_from("<H", image, 56)[0], 3)
        segment = big_images.ELF64_SEGMENT.unpack_from(image, 64 + 2 * 56)
        self.assertEqual((segment[0], segment[2] % PAGE, segment[5]),
                         (big_images.PT_LOAD, 0, 3 * big_images.MIB + 1))
        self.assertEqual(len(image), segment[2] + segment[5])

    def test_an_image_with_a_full_first_page_is_refused(self):
        with self.assertRaises(ValueError):
            big_images.pad_kernel(self.image(72), self.folder / "big", PAGE)


if __name__ == "__main__":
    unittest.main()
