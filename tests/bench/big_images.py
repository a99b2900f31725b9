# SPDX-License-Identifier: Apache-2.0
"""A kernel and an initrd of a given size that boot as fast as small ones, if the VMM lets them."""

import os
import struct

MIB = 1 << 20
PAGE = 4096
ELF64_HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
ELF64_SEGMENT = struct.Struct("<IIQQQQQQ")
PT_LOAD = 1


def write_filler(file, size):
    """Bytes that neither compress nor are holes; the same MiB again and again is enough for that."""
    block = os.urandom(MIB)
    for offset in range(0, size, MIB):
        file.write(block[:min(MIB, size - offset)])


def pad_kernel(source, target, size, address=16 * MIB):
    """Copies an ELF image and adds a loadable segment of `size` bytes at a guest-physical address that
    the image itself does not use. The segment's program header goes behind the others."""
    with open(source, "rb") as file:
        image = bytearray(file.read())
    header = list(ELF64_HEADER.unpack_from(image))
    table, entry_size, count = header[5], header[9], header[10]
    slot = table + count * entry_size
    if any(image[slot:slot + ELF64_SEGMENT.size]) or slot + ELF64_SEGMENT.size > PAGE:
        raise ValueError(f"{source}: no room for one more program header")
    offset = -(-len(image) // PAGE) * PAGE
    ELF64_SEGMENT.pack_into(image, slot, PT_LOAD, 4, offset, address, address, size, size, PAGE)
    header[10] = count + 1
    ELF64_HEADER.pack_into(image, 0, *header)
    with open(target, "wb") as file:
        file.write(image.ljust(offset, b"\0"))
        write_filler(file, size)


def make_initrd(target, size):
    with open(target, "wb") as file:
        write_filler(file, size)
