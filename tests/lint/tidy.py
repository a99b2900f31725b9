#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Runs clang-tidy over the project's own sources, and not twice over what has not changed.

usage: tidy.py BUILD_FOLDER [FILE...]      BUILD_FOLDER has a compile_commands.json

A file that passed is remembered under ${XDG_CACHE_HOME:-~/.cache}/skiff/tidy by a hash of all that
the verdict depends on: the file, the project's headers that it includes, the flags, .clang-tidy, this
script and clang-tidy itself. Tests and guest programs are left to the compilers' warnings.
"""

import concurrent.futures
import hashlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("base/", "devices/", "virtio/", "boot/", "vmm/")
INCLUDE = re.compile(r'^\s*#\s*include\s*"([^"]+)"', re.MULTILINE)
# The compile commands may be g++'s; their warnings are the compilers' business.
EXTRA = ["-extra-arg=-Wno-everything", "-extra-arg=-Wno-error", "-extra-arg=-U_FORTIFY_SOURCE"]


def cache_folder():
    base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base) / "skiff" / "tidy"


def project_closure(path, seen):
    """The file and the project's headers that it includes, directly or not."""
    if path not in seen and path.is_file():
        seen.add(path)
        for name in INCLUDE.findall(path.read_text(encoding="utf-8")):
            project_closure(ROOT / name, seen)
    return seen


def flags_of(entry):
    """The compile command without the folders of this very clone, so that clones share results."""
    words = entry.get("arguments") or shlex.split(entry["command"])
    return [w for w in (w.replace(str(ROOT), "") for w in words) if not w.endswith((".o", ".d"))]


def verdict_key(entry, common):
    digest = hashlib.sha256(common)
    digest.update("\0".join(flags_of(entry)).encode())
    for file in sorted(project_closure(Path(entry["file"]), set())):
        digest.update(str(file.relative_to(ROOT)).encode() + b"\0" + file.read_bytes())
    return digest.hexdigest()


def tidy(file, build_folder):
    return subprocess.run(
        ["clang-tidy", "-p", build_folder, "--quiet", *EXTRA, file],
        capture_output=True, text=True, cwd=ROOT)


def check(entry, build_folder, common):
    """None if the file passes, otherwise what clang-tidy says of it."""
    remembered = cache_folder() / verdict_key(entry, common)
    if remembered.exists():
        os.utime(remembered)
        return None
    run = tidy(entry["file"], build_folder)
    if run.returncode != 0:
        return run.stdout + (run.stderr if not run.stdout.strip() else "")
    remembered.parent.mkdir(parents=True, exist_ok=True)
    remembered.touch()
    return None


def forget_old(days):
    for file in cache_folder().glob("*"):
        if time.time() - file.stat().st_mtime > days * 86400:
            file.unlink(missing_ok=True)


def selected(build_folder, wanted):
    entries = json.loads((Path(build_folder) / "compile_commands.json").read_text())
    for entry in entries:
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), ROOT)
        if path.startswith(FOLDERS) and (not wanted or path in wanted):
            yield {**entry, "file": str(ROOT / path)}


def main(arguments):
    if not arguments:
        print(__doc__)
        return 2
    if not shutil.which("clang-tidy"):
        print("skipped: clang-tidy is not installed")
        return 77
    build_folder = os.path.abspath(arguments[0])
    wanted = {os.path.relpath(os.path.abspath(f), ROOT) for f in arguments[1:]}
    entries = list(selected(build_folder, wanted))
    if not entries:
        print(f"no source of the project in {build_folder}/compile_commands.json")
        return 1
    common = (subprocess.run(["clang-tidy", "--version"], capture_output=True).stdout
              + (ROOT / ".clang-tidy").read_bytes() + Path(__file__).read_bytes())
    forget_old(days=30)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for report in pool.map(lambda entry: check(entry, build_folder, common), entries):
            if report is not None:
                failed += 1
                print(report, flush=True)
    print(f"clang-tidy: {len(entries)} files, {failed} with findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
