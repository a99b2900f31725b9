# SPDX-License-Identifier: Apache-2.0
"""What test disks hold, as guest-images/payloads/virtio/disk_pattern.h has it: each word of eight bytes
tells its own place on the disk and the seed it was written with; seed 0 is all zeros."""

import array
import sys

SECTOR = 512
MULTIPLIER = 0x9E3779B97F4A7C15
MASK = (1 << 64) - 1


def pattern(offset, size, seed):
    """The bytes from `offset` on (both multiples of 8)."""
    if seed == 0:
        return bytes(size)
    first = (seed << 48) + offset // 8 + 1
    words = array.array("Q", ((first + i) * MULTIPLIER & MASK for i in range(size // 8)))
    if sys.byteorder == "big":
        words.byteswap()
    return words.tobytes()


def make_disk(path, size, seed=1):
    """A file with the pattern; its path."""
    with open(path, "wb") as file:
        step = 1 << 20
        for offset in range(0, size, step):
            file.write(pattern(offset, min(step, size - offset), seed))
    return path


def sectors(path, sector, count):
    """The bytes of `count` sectors of the file."""
    with open(path, "rb") as file:
        file.seek(sector * SECTOR)
        return file.read(count * SECTOR)


def sector_pattern(sector, count, seed):
    return pattern(sector * SECTOR, count * SECTOR, seed)
