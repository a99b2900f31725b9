# SPDX-License-Identifier: Apache-2.0
"""The loads of the block benchmark, and the disks that they run on."""

import os
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from measure import BenchError

MIB = 1 << 20
SEED, WRITTEN_SEED = 1, 2


@dataclass(frozen=True)
class Case:
    """One load. `storage` is "cached" (a file in the page cache), "tmpfs" or "direct" (O_DIRECT)."""
    name: str
    title: str
    storage: str
    operation: str = "randread"
    block: int = 4096
    depth: int = 1

    @property
    def is_direct(self):
        return self.storage == "direct"

    def parameters(self, milliseconds, warm_milliseconds):
        """The words for the payload's command line."""
        return (f"op={self.operation} block={self.block} depth={self.depth} ms={milliseconds} "
                f"warm_ms={warm_milliseconds} seed={SEED} write_seed={WRITTEN_SEED}")


CASES = [
    Case("cached-1", "4 KiB random read, depth 1, page cache", "cached"),
    Case("cached-32", "4 KiB random read, depth 32, page cache", "cached", depth=32),
    Case("tmpfs-read-32", "4 KiB random read, depth 32, tmpfs", "tmpfs", depth=32),
    Case("tmpfs-write-32", "4 KiB random write, depth 32, tmpfs", "tmpfs", "randwrite", depth=32),
    Case("direct-32", "4 KiB random read, depth 32, O_DIRECT", "direct", depth=32),
    Case("sequential", "1 MiB sequential read, depth 4, page cache", "cached", "seqread", MIB, 4),
]


class Disks:
    """The files: one each for cached, direct and tmpfs, made when first asked for."""

    def __init__(self, program, folder, size, tmpfs_size):
        self.program = str(program)
        self.sizes = {"cached": size, "direct": size, "tmpfs": tmpfs_size}
        self._scratch = tempfile.TemporaryDirectory(prefix="skiff-bench-", dir=folder)
        self._tmpfs = tempfile.TemporaryDirectory(prefix="skiff-bench-", dir="/dev/shm")
        self._made = {}

    def close(self):
        self._scratch.cleanup()
        self._tmpfs.cleanup()

    def path(self, case):
        if case.storage not in self._made:
            folder = self._tmpfs if case.storage == "tmpfs" else self._scratch
            self._made[case.storage] = Path(folder.name) / f"{case.storage}.img"
            self._make(case)
        return self._made[case.storage]

    def _make(self, case):
        path = self._made[case.storage]
        self._run("make", path, self.sizes[case.storage], SEED)
        if case.is_direct:
            with open(path, "rb") as file:
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        else:
            # All of it into the page cache; and a look at what was made.
            self._expect(case, {SEED: self.sizes[case.storage] // case.block})

    def check_after(self, case, requests):
        """After writes: as many blocks as were written hold what was written, all others what was there
        before. Then the disk is made anew."""
        if case.operation != "randwrite":
            return
        blocks = self.sizes[case.storage] // case.block
        found = self._count(case)
        if found["others"] != 0 or found[WRITTEN_SEED] < min(requests, blocks):
            raise BenchError(f"{case.name}: {requests} writes left {found} blocks")
        self._make(case)

    def _expect(self, case, wanted):
        found = self._count(case)
        for seed, blocks in wanted.items():
            if found[seed] != blocks:
                raise BenchError(f"{case.name}: the disk holds {found}, not {wanted}")

    def _count(self, case):
        text = self._run("count", self._made[case.storage], case.block, SEED, WRITTEN_SEED)
        found = {int(seed): int(blocks) for seed, blocks in re.findall(r"seed (\d+) (\d+)", text)}
        found["others"] = int(re.search(r"others (\d+)", text)[1])
        return found

    def _run(self, *arguments):
        done = subprocess.run([self.program, *map(str, arguments)], capture_output=True, text=True,
                              timeout=300)
        if done.returncode != 0:
            raise BenchError(done.stderr.strip())
        return done.stdout
