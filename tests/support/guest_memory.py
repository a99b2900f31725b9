# SPDX-License-Identifier: Apache-2.0
"""How much of a guest's memory the host holds, seen from outside."""

from pathlib import Path


def guest_memory_kib(pid, guest_mib, key="Rss"):
    """Sum of that key of /proc/PID/smaps over the guest's RAM: its mappings are the largest by far.
    RAM that is mapped from the kernel's file in parts counts too, as they are small."""
    total = size = 0
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "Size":
            size = int(value.split()[0])
        elif name == key and size >= guest_mib * 1024 // 4:
            total += int(value.split()[0])
    return total
