#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every C and C++ file is as clang-format writes it with the root's .clang-format.

usage: check_format.py [--fix]
"""

import shutil
import subprocess
import sys
from pathlib import Path

from project import project_files

ROOT = Path(__file__).resolve().parents[2]


def main(arguments):
    if not shutil.which("clang-format"):
        print("skipped: clang-format is not installed")
        return 77
    files = [f for f in project_files(ROOT) if Path(f).suffix in (".h", ".cpp", ".c")]
    mode = ["-i"] if "--fix" in arguments else ["--dry-run", "--Werror", "--ferror-limit=1"]
    result = subprocess.run(["clang-format", *mode, *files], cwd=ROOT).returncode
    if result != 0:
        print("run ./dev format")
    return result


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
