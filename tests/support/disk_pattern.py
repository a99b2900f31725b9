# SPDX-License-Identifier: Apache-2.0
"""What test disks hold, as guest-images/payloads/virtio/disk_pattern.h has it: each word of eight bytes
tells its own place on the disk and the seed it was written with; seed 0 is all zeros."""

SECTOR = 512
MULTIPLIER = 0x9E3779B97F4A7C15
WORD = (1 << 64) - 1


def pattern(offset, size, seed):
    """The bytes from `offset` on (both multiples of 8).

    All words are computed at once, as one number with 128 bits for each: those of its second half are
    those of its first and a constant. A word at a time takes seconds a disk where Python is interpreted
    twice (the nested tier)."""
    if seed == 0:
        return bytes(size)
    numbers = ((seed << 48) + offset // 8 + 1) * MULTIPLIER & WORD
    ones, count = 1, 1
    while count * 8 < size:
        later = numbers + ones * (count * MULTIPLIER & WORD) & ones * WORD
        numbers |= later << 128 * count
        ones |= ones << 128 * count
        count *= 2
    return memoryview(numbers.to_bytes(16 * count, "little")).cast("Q")[:size // 8 * 2:2].tobytes()


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
