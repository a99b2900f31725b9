#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""The life of a Linux guest's disks: discard, a full host, its driver taken away and given back, skiff
killed in the middle of it all, and the same disks again, this time found by a device tree."""

import hashlib
import os
import re
import tempfile
import unittest
from pathlib import Path

from guest_disks import (MIB, PATTERN, allocated_bytes, fact, is_clean, make_disk, make_ext4, make_root,
                         run_tool)
from linux_guest import BOOT_SECONDS, expect_ready, linux_arguments, main
from skiff_runner import Skiff, skiff_path

# Small, as every byte that the guest's kernel copies or clears is an emulated instruction or two where
# its kernel mode is emulated.
RAW_SIZE = 2 * MIB
DISCARDED = (MIB // 2, MIB)  # offset and length
FIXED_SIZE = MIB // 2
LARGE_FILE = 8 * MIB
SYNCED_SIZE = 128 * 1024
UNSYNCED_SIZE = 256 * 1024

# Disks are found by the ids that they were given. Each process costs seconds there too, so the shell does
# what it can by itself.
SCRIPT = f"""
disk() {{
    for found in /sys/block/vd?; do
        read -r serial <$found/serial
        [ "$serial" = $1 ] && eval "$1=/dev/${{found##*/}}"
    done
}}
fact() {{ echo FACT "$@"; }}
sum() {{ dd if=$1 bs=256k iflag=direct 2>/dev/null | md5sum; }}
for id in raw work fixed full; do disk $id; done

first() {{
    fact two_at_once $(sum $raw & sum $fixed & wait)
    dd if=/bin/busybox of=$fixed bs=4k count=1 oflag=direct 2>/dev/null
    status=$?
    read -r read_only </sys/block/${{fixed##*/}}/ro
    fact read_only $status $read_only

    blkdiscard -o {DISCARDED[0]} -l {DISCARDED[1]} $raw
    fact discard $? $(sum $raw)
    mount $work /mnt && rm /mnt/large && sync && fstrim /mnt
    fact fstrim $?

    dd if=/bin/busybox of=$full bs=128k count=8 iflag=direct oflag=direct 2>/dev/null
    fact full $? $(dmesg | grep -c "I/O error, dev ${{full##*/}}")
    dd if=$full of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null
    fact after_full $?

    device=$(cd -P /sys/block/${{raw##*/}}/device && pwd)
    for turn in 1 2; do
        echo ${{device##*/}} >/sys/bus/virtio/drivers/virtio_blk/unbind
        [ -e $raw ]
        fact unbound $turn $?
        echo ${{device##*/}} >/sys/bus/virtio/drivers/virtio_blk/bind
        fact bound $turn $(sum $raw)
    done

    # Nothing reaches the disk by itself from here on.
    echo 0 >/proc/sys/vm/dirty_writeback_centisecs
    dd if=/bin/busybox of=/mnt/synced bs={SYNCED_SIZE} count=1 conv=fsync 2>/dev/null
    fact synced $? $(md5sum </mnt/synced)
    while :; do dd if=/bin/busybox of=/mnt/unsynced bs={UNSYNCED_SIZE} count=1; done 2>/dev/null &
    echo unsynced >/unsynced
    echo KILL ME
    sleep 1000
}}

again() {{
    fact journals $(dmesg | grep -c 'EXT4-fs .*: recovery complete')
    e2fsck -p $work >/dev/null
    fact mended $?
    e2fsck -f -n $work >/dev/null 2>&1
    fact checked $?
    mount $work /mnt
    fact synced $? $(md5sum </mnt/synced)
    umount /mnt
    fact parameters $(grep -c virtio_mmio.device= /proc/cmdline)
    fact interrupts $(grep -c 'IO-APIC.*virtio' /proc/interrupts)
    set -- /proc/device-tree/virtio_mmio@*
    fact nodes $#
    set -- /sys/bus/virtio/devices/*
    fact devices $#
    set -- /sys/devices/system/cpu/cpu[0-9]
    fact cpus $#
    fact random $(dd if=/dev/hwrng bs=32 count=1 2>/dev/null | wc -c)
}}

$1
"""


def md5(data):
    return hashlib.md5(data).hexdigest()


class Disks:
    """The disks' files, and skiff with them."""

    def __init__(self, folder):
        self.folder = Path(folder)
        self.root = make_root(folder, script=SCRIPT)
        self.raw = make_disk(self.folder / "raw", RAW_SIZE)
        self.fixed = make_disk(self.folder / "fixed", FIXED_SIZE)
        self.work = make_ext4(self.folder / "work", 32 * MIB,
                              large=(PATTERN * (LARGE_FILE // len(PATTERN))))
        self.tmpfs = self.folder / "tmpfs"
        self.tmpfs.mkdir()

    def arguments(self, word, *more):
        return linux_arguments(
            "-d", self.root, "-d", f"{self.raw},id=raw", "-d", f"{self.work},id=work",
            "-d", f"{self.fixed},ro,id=fixed", *more, initrd=False, parameters="root=/dev/vda rw",
            command=f"sh /script {word}")

    def start_with_a_full_host(self):
        """skiff with one disk more, of 1 MiB on a tmpfs that holds half of it: its own, in a mount
        namespace that it has for itself."""
        full = self.tmpfs / "full"
        enter = ["unshare", "-m" if os.geteuid() == 0 else "-rm", "sh", "-c",
                 f"mount -t tmpfs -o size=512k none {self.tmpfs} && truncate -s 1M {full} && exec \"$@\"",
                 "sh"]
        return Skiff(*self.arguments("first", "-d", f"{full},id=full"), prefix=enter)


class LifeOfDisks(unittest.TestCase):
    """Two boots; a test for each fact."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="skiff-test-", dir="/var/tmp")
        cls.addClassCleanup(folder.cleanup)
        cls.disks = Disks(folder.name)
        cls.allocated = {"raw": allocated_bytes(cls.disks.raw), "work": allocated_bytes(cls.disks.work)}
        cls.first = cls.boot_and_kill()
        cls.again = cls.boot_again()

    @classmethod
    def boot_and_kill(cls):
        skiff = cls.disks.start_with_a_full_host()
        cls.addClassCleanup(skiff.kill)
        expect_ready(skiff)
        cls.first_pid = skiff.pid
        cls.second_vm = cls.try_second_vm()
        skiff.expect(r"KILL ME", 3 * BOOT_SECONDS)
        skiff.process.kill()
        return skiff.wait().text

    @classmethod
    def try_second_vm(cls):
        second = Skiff(*cls.disks.arguments("again"))
        cls.addClassCleanup(second.kill)
        return second.wait(20)

    @classmethod
    def boot_again(cls):
        skiff = Skiff(*cls.disks.arguments("again", "--fdt", "-c", 2))
        cls.addClassCleanup(skiff.kill)
        expect_ready(skiff)
        cls.again_finished = skiff.wait(2 * BOOT_SECONDS)
        return cls.again_finished.text

    def test_two_disks_are_read_at_once(self):
        sums = [word for word in fact(self.first, "two_at_once") if word != "-"]  # md5sum's file name
        self.assertEqual(sorted(sums), sorted([md5(self.fresh(RAW_SIZE)), md5(self.fresh(FIXED_SIZE))]))

    @staticmethod
    def fresh(size):
        return (PATTERN * (size // len(PATTERN) + 1))[:size]

    def test_a_read_only_disk_refuses_writes_and_is_as_it_was(self):
        status, read_only = fact(self.first, "read_only")
        self.assertNotEqual(status, "0")
        self.assertEqual(read_only, "1")
        self.assertEqual(self.disks.fixed.read_bytes(), self.fresh(FIXED_SIZE))

    def test_discard_makes_the_file_sparse_and_reads_as_zeros(self):
        offset, length = DISCARDED
        expected = bytearray(self.fresh(RAW_SIZE))
        expected[offset:offset + length] = bytes(length)
        self.assertEqual(fact(self.first, "discard"), ["0", md5(expected), "-"])
        self.assertLessEqual(allocated_bytes(self.disks.raw), self.allocated["raw"] - length)
        self.assertEqual(self.disks.raw.read_bytes(), bytes(expected))

    def test_fstrim_gives_a_deleted_files_room_back_to_the_host(self):
        self.assertEqual(fact(self.first, "fstrim"), ["0"])
        # What the guest has written since, and what ext4 keeps of its own, is smaller.
        written = SYNCED_SIZE + 2 * UNSYNCED_SIZE + 2 * MIB
        self.assertLess(allocated_bytes(self.disks.work), self.allocated["work"] - LARGE_FILE + written)

    def test_a_full_host_is_an_io_error_to_the_guest_and_no_end_to_skiff(self):
        status, reported = fact(self.first, "full")
        self.assertNotEqual(status, "0")
        self.assertGreater(int(reported), 0)
        self.assertEqual(fact(self.first, "after_full"), ["0"])  # it can be read, and the others go on:
        self.assertEqual(fact(self.first, "synced")[0], "0")

    def test_the_driver_can_be_unbound_and_bound_again(self):
        raw_sum = fact(self.first, "discard")[1]
        for turn in ("1", "2"):
            self.assertRegex(self.first, rf"(?m)^FACT unbound {turn} 1$")  # its node is gone
            self.assertRegex(self.first, rf"(?m)^FACT bound {turn} {raw_sum} -$")

    def test_a_second_vm_is_refused_the_disk_by_file_and_process(self):
        self.assertEqual(self.second_vm.status, 1, self.second_vm.error_text)
        lines = [line for line in self.second_vm.error_text.splitlines() if str(self.disks.root) in line]
        self.assertEqual(len(lines), 1, self.second_vm.error_text)
        self.assertRegex(lines[0], rf"\b{self.first_pid}\b")
        self.assertIn(os.path.basename(skiff_path()), re.sub(r"^skiff: ", "", lines[0]))

    def test_after_a_kill_the_file_system_is_mended_by_its_journal_and_has_what_was_synced(self):
        self.assertEqual(self.again_finished.status, 0, self.again[-2000:])
        self.assertGreaterEqual(int(fact(self.again, "journals")[0]), 1)  # at least the root disk's
        self.assertIn(fact(self.again, "mended"), (["0"], ["1"]))  # 1: mended
        self.assertEqual(fact(self.again, "checked"), ["0"])
        self.assertEqual(fact(self.first, "synced")[0], "0")
        self.assertEqual(fact(self.again, "synced"), fact(self.first, "synced"))

    def test_an_orderly_end_leaves_the_disks_clean(self):
        self.assertTrue(is_clean(self.disks.root), run_tool("dumpe2fs", "-h", self.disks.root))
        self.assertTrue(is_clean(self.disks.work))

    def test_a_device_tree_alone_is_enough_to_find_all_devices(self):
        self.assertEqual(fact(self.again, "parameters"), ["0"])
        for name in ("nodes", "devices", "interrupts"):
            self.assertEqual(fact(self.again, name), ["5"], name)  # four disks, one entropy device
        self.assertEqual(fact(self.again, "cpus"), ["2"])
        self.assertEqual(fact(self.again, "random"), ["32"])


if __name__ == "__main__":
    main(needs=("kvm", "images"))
