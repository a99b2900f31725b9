#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every way in which a disk can be configured, in one guest: fio writes to all of them at once and reads
back what it wrote, and then so does the host."""

import itertools
import re
import subprocess
import tempfile
import unittest
from pathlib import Path

from guest_disks import facts, fact, is_clean, make_root, make_sparse_disk, run_tool
from linux_guest import BOOT_SECONDS, expect_ready, linux_arguments, main
from skiff_runner import Skiff

SIZE = 64 * 1024
COMBINATIONS = [
    {"engine": engine, "cache": cache, "direct": direct, "queues": queues}
    for engine, cache, direct, queues in itertools.product(
        ("uring", "sync"), ("writeback", "writethrough"), (False, True), (1, 2))]

# Each I/O of the guest takes 5 to 25 ms where its kernel mode is emulated, and so does each file that fio
# looks at: few of both. Without verify_fatal, fio prints what it found wrong and calls it a success.
GLOBAL_JOB = f"""[global]
ioengine=libaio
direct=1
rw=randwrite
bsrange=4k-16k
blockalign=4k
size={SIZE}
iodepth=2
verify=crc32c
verify_fatal=1
verify_state_save=0
disk_util=0
clocksource=clock_gettime
thread
"""

# Each process that the guest starts costs seconds there, so the shell does what it can by itself.
SCRIPT = """
for disk in /sys/block/vd?; do
    read -r serial <$disk/serial
    read -r cache <$disk/queue/write_cache
    set -- $disk/mq/*
    echo FACT disk ${disk##*/} $# $cache $serial
done
read -r begin rest </proc/uptime
fio --minimal --eta=never --max-jobs=16 --alloc-size=1024 /jobs >/tmp/out 2>&1
echo FACT fio $?
read -r end rest </proc/uptime
echo FACT uptime $begin $end
awk -F';' '/^3;/ { print "FACT job", $3, $5, $6, $47; next } { print }' /tmp/out
"""


def job_file(paths, *options):
    return GLOBAL_JOB + "".join(f"{option}\n" for option in options) + "".join(
        f"[job{number}]\nfilename={path}\n" for number, path in enumerate(paths))


def disk_option(path, combination, number):
    direct = ",direct" if combination["direct"] else ""
    return (f"{path},engine={combination['engine']},cache={combination['cache']},"
            f"queues={combination['queues']},id=disk{number}{direct}")


class EveryCombination(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        # Not in a tmpfs, which has no O_DIRECT.
        folder = tempfile.TemporaryDirectory(prefix="skiff-test-", dir="/var/tmp")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = Path(folder.name)
        guest_paths = [f"/dev/vd{chr(ord('b') + number)}" for number in range(len(COMBINATIONS))]
        cls.root = make_root(folder.name, jobs=job_file(guest_paths), script=SCRIPT)
        cls.disks = [make_sparse_disk(cls.folder / f"disk{number}", 2 * SIZE)
                     for number in range(len(COMBINATIONS))]
        options = ["-d", cls.root]
        for number, (path, combination) in enumerate(zip(cls.disks, COMBINATIONS)):
            options += ["-d", disk_option(path, combination, number)]
        # 17 disks: all interrupts that there are.
        skiff = Skiff(*linux_arguments("-c", 2, "--no-rng", "--io-threads", 2, *options, initrd=False,
                                       parameters="root=/dev/vda rw", command="sh /script"))
        cls.addClassCleanup(skiff.kill)
        expect_ready(skiff)
        cls.finished = skiff.wait(3 * BOOT_SECONDS)
        cls.text = cls.finished.text

    def for_each_combination(self):
        for number, combination in enumerate(COMBINATIONS):
            with self.subTest(**combination):
                yield number, combination

    def test_the_guest_ends_orderly_and_its_root_disk_is_clean(self):
        self.assertEqual(self.finished.status, 0, self.text[-2000:] + self.finished.error_text)
        self.assertTrue(is_clean(self.root))

    def test_fio_reads_back_what_it_wrote_on_every_disk(self):
        self.assertEqual(fact(self.text, "fio"), ["0"], self.text)
        jobs = {words[0]: words[1:] for words in facts(self.text, "job")}
        for number, _ in self.for_each_combination():
            # Error number, KiB read, KiB written.
            self.assertEqual(jobs.get(f"job{number}"), ["0", str(SIZE // 1024), str(SIZE // 1024)])

    def test_what_fio_wrote_is_in_the_files(self):
        jobs = self.folder / "host-jobs"
        jobs.write_text(job_file(self.disks, "verify_only=1"))
        checked = run_tool("fio", "--minimal", jobs)
        errors = dict(re.findall(r"^3;[^;]*;(\w+);\d+;(\d+);", checked, re.MULTILINE))
        for number, _ in self.for_each_combination():
            self.assertEqual(errors.get(f"job{number}"), "0", checked)

    def test_the_guest_sees_id_queues_and_cache_as_configured(self):
        disks = {words[0]: words[1:] for words in facts(self.text, "disk")}
        self.assertEqual(len(disks), 1 + len(COMBINATIONS))
        for number, combination in self.for_each_combination():
            queues, *cache, serial = disks[f"vd{chr(ord('b') + number)}"]
            self.assertEqual((int(queues), "".join(cache), serial),
                             (combination["queues"], combination["cache"], f"disk{number}"))


if __name__ == "__main__":
    try:
        subprocess.run(["fio", "--version"], check=True, stdout=subprocess.DEVNULL)
    except FileNotFoundError:
        print("SKIPPED: fio is not here (Debian: apt-get install fio)")
        raise SystemExit(77) from None
    main(needs=("kvm", "images"))
