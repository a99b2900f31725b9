# SPDX-License-Identifier: Apache-2.0
"""Takes samples of a running VMM: time to the first byte, memory beside the guest's, threads."""

import contextlib
import os
import re
import select
import shutil
import statistics
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

MIB = 1 << 20
DEADLINE_SECONDS = 20
# A VMM may tidy up after itself once its guest runs; what is asked is what it costs in the long run.
SETTLE_SECONDS = 0.5
HEAP_BYTES = MIB  # what a heap begins with, and more
MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ *(.*)$")


class BenchError(Exception):
    """A run that did not do what is measured; the message says which and how."""


def run_bench(name, run, arguments):
    """The status of a benchmark's run: its own, 77 without /dev/kvm, 1 where a run went wrong."""
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        print("SKIPPED: no /dev/kvm that may be opened")
        return 77
    try:
        return run(arguments)
    except BenchError as error:
        print(f"bench {name}: {error}", file=sys.stderr)
        return 1


def installed(program, folder):
    """A copy, as an installation makes one. A linker leaves its output in the page cache in large folios, which
    a process maps whole: it seems to use 2 MiB of an executable of which it has touched 0.3."""
    return Path(shutil.copy(program, folder))


@dataclass
class Spread:
    """Order statistics of one series."""
    n: int
    median: float
    minimum: float
    q1: float
    q3: float

    @staticmethod
    def of(samples):
        q1, median, q3 = (statistics.quantiles(samples, n=4, method="inclusive")
                          if len(samples) > 1 else samples * 3)
        return Spread(len(samples), median, min(samples), q1, q3)

    def as_dict(self):
        return asdict(self)


@dataclass
class Mapping:
    begin: int
    end: int
    name: str
    rss: int = 0
    pss: int = 0
    private: int = 0


@dataclass
class Footprint:
    """What a VMM costs beside its guest's memory, in KiB, and its threads."""
    rss: int
    pss: int
    private: int
    threads: list
    guest_rss: int
    guest_private: int
    private_of_two: int = 0


def first_byte_ms(helper, command):
    """Milliseconds from posix_spawn to the first byte of output, and that byte."""
    run = subprocess.run([helper, str(DEADLINE_SECONDS * 1000), *command],
                         capture_output=True, text=True, timeout=DEADLINE_SECONDS + 10)
    if run.returncode != 0:
        raise BenchError(f"{' '.join(command)}: {run.stderr.strip() or 'no output'}")
    nanoseconds, byte = run.stdout.split()
    return int(nanoseconds) / 1e6, chr(int(byte))


def interleaved(helper, commands, rounds, first_byte, progress=lambda done: None):
    """Name -> samples. Each round runs every command once, beginning with another one each time, so
    that a machine that gets slower or faster does so for all of them. One round goes before that."""
    names = list(commands)
    samples = {name: [] for name in names}
    for number in range(-1, rounds):
        for position in range(len(names)):
            name = names[(number + position) % len(names)]
            taken, byte = first_byte_ms(helper, commands[name])
            if byte != first_byte:
                raise BenchError(f"{name}: the first byte was {byte!r}, not {first_byte!r}")
            if number >= 0:
                samples[name].append(taken)
        progress(number + 1)
    return samples


def parse_smaps(text):
    mappings = []
    for line in text.splitlines():
        header = MAPPING.match(line)
        if header:
            mappings.append(Mapping(int(header[1], 16), int(header[2], 16), header[3]))
            continue
        key, _, value = line.partition(":")
        kib = int(value.split()[0]) if value.strip().endswith("kB") else 0
        if key == "Rss":
            mappings[-1].rss += kib
        elif key == "Pss":
            mappings[-1].pss += kib
        elif key in ("Private_Clean", "Private_Dirty"):
            mappings[-1].private += kib
    return mappings


def guest_memory_of(mappings, guest_bytes):
    """The neighbouring mappings that are the guest's memory: together exactly as large as it. There
    are several where parts of it are mapped from the kernel's and initrd's files. The kernel may have
    made one of the last of them and of a heap behind it: that one is not among them then, so that no
    page of a heap is left out of what a VMM costs."""
    for first, mapping in enumerate(mappings):
        end = mapping.begin
        for last in range(first, len(mappings)):
            if mappings[last].begin != end or end - mapping.begin > guest_bytes:
                break
            end = mappings[last].end
            if end - mapping.begin == guest_bytes:
                return mappings[first:last + 1]
            if last > first and 0 < end - mapping.begin - guest_bytes <= HEAP_BYTES:
                return mappings[first:last]
    raise BenchError(f"no mapping of {guest_bytes >> 20} MiB, the guest's memory, was found")


def threads_of(pid):
    """Names of its threads, without those that KVM itself adds to a process."""
    names = [(task / "comm").read_text().strip() for task in Path(f"/proc/{pid}/task").iterdir()]
    return sorted(name for name in names if not name.startswith("kvm-"))


def footprint_of(pid, guest_bytes):
    mappings = parse_smaps(Path(f"/proc/{pid}/smaps").read_text())
    guest = guest_memory_of(mappings, guest_bytes)
    beside = [mapping for mapping in mappings if mapping not in guest]
    return Footprint(
        rss=sum(m.rss for m in beside), pss=sum(m.pss for m in beside),
        private=sum(m.private for m in beside), threads=threads_of(pid),
        guest_rss=sum(m.rss for m in guest), guest_private=sum(m.private for m in guest))


def wait_for_output(process, text):
    """Reads until the text has come; what came is only looked at for it."""
    seen = b""
    end = time.monotonic() + DEADLINE_SECONDS
    while text not in seen:
        left = end - time.monotonic()
        if left <= 0 or not select.select([process.stdout], [], [], left)[0]:
            raise BenchError(f"{process.args[0]}: {text!r} did not come in {DEADLINE_SECONDS} s")
        chunk = os.read(process.stdout.fileno(), 4096)
        if not chunk:
            raise BenchError(f"{process.args[0]}: ended before {text!r} came")
        seen += chunk


@contextlib.contextmanager
def running(command, text):
    """A VMM whose guest has written `text` and goes on running."""
    with subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL) as process:
        try:
            wait_for_output(process, text)
            time.sleep(SETTLE_SECONDS)
            yield process
        finally:
            process.kill()


def footprint(command, text, guest_mib):
    """The footprint of a VMM, alone and then beside a second one of its kind: pages of the executable
    that both map are nobody's own then, and what is left is what one more VM costs."""
    with running(command, text) as process:
        taken = footprint_of(process.pid, guest_mib * MIB)
        with running(command, text):
            taken.private_of_two = footprint_of(process.pid, guest_mib * MIB).private
        return taken


def median_footprint(command, text, guest_mib, runs):
    """The run with the median resident set of several."""
    taken = sorted((footprint(command, text, guest_mib) for _ in range(runs)), key=lambda f: f.rss)
    return taken[len(taken) // 2]
