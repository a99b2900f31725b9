# SPDX-License-Identifier: Apache-2.0
"""Disks for the e2e tests: a root disk with a script on it, data disks, and what the host sees of them."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import image_path  # noqa: E402

MIB = 1024 * 1024
PATTERN = bytes(range(1, 252))  # 251 long, so that no two sectors of a few MiB are the same


def run_tool(*command):
    """What it says, on either stream."""
    finished = subprocess.run([str(word) for word in command], check=False, timeout=60, text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT)
    if finished.returncode != 0:
        raise AssertionError(f"{command}: status {finished.returncode}\n{finished.stdout}")
    return finished.stdout


def make_root(folder, **files):
    """A copy of the root image in `folder`, with these files (name=text) in its root directory."""
    disk = Path(folder) / "root.ext4"
    run_tool("cp", "--sparse=always", image_path("root.ext4"), disk)
    for name, text in files.items():
        source = Path(folder) / name
        source.write_text(text)
        run_tool("debugfs", "-w", "-R", f"write {source} {name}", disk)
    return disk


def make_disk(path, size):
    """A disk of `size` bytes, all of them written."""
    Path(path).write_bytes((PATTERN * (size // len(PATTERN) + 1))[:size])
    return path


def make_sparse_disk(path, size):
    with open(path, "wb") as file:
        file.truncate(size)
    return path


def make_ext4(path, size, **files):
    """A file system with these files (name=bytes)."""
    source = Path(f"{path}.files")
    source.mkdir()
    for name, data in files.items():
        (source / name).write_bytes(data)
    make_sparse_disk(path, size)
    # Nothing is left for the guest's kernel to do in the background.
    run_tool("mke2fs", "-q", "-t", "ext4", "-d", source, "-J", "size=4", "-E",
             "lazy_itable_init=0,lazy_journal_init=0", path)
    return path


def allocated_bytes(path):
    return Path(path).stat().st_blocks * 512


def is_clean(path):
    """Whether e2fsck finds nothing to mend."""
    return subprocess.run(["e2fsck", "-f", "-n", str(path)], check=False, timeout=60,
                          stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                          stderr=subprocess.DEVNULL).returncode == 0


def facts(text, name):
    """The rest of each line "FACT name …", in words."""
    return [line.split() for line in re.findall(rf"^FACT {name} (.*)$", text, re.MULTILINE)]


def fact(text, name):
    """The words of the only such line."""
    found = facts(text, name)
    if len(found) != 1:
        raise AssertionError(f"{len(found)} facts '{name}' in:\n{text}")
    return found[0]
