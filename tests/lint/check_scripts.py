#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Every shell script parses (bash -n), every Python file compiles, and what has #! is executable."""

import os
import subprocess
import sys
from pathlib import Path

from project import project_files


def interpreter_of(path, first_line):
    if first_line.startswith("#!"):
        words = first_line[2:].split()
        return Path(words[1] if Path(words[0]).name == "env" else words[0]).name
    return {".sh": "bash", ".py": "python3"}.get(path.suffix)


def problems_of(path):
    with open(path, "rb") as file:
        first_line = file.readline(200).decode("utf-8", "replace")
    interpreter = interpreter_of(path, first_line)
    if interpreter in ("bash", "sh"):
        # /bin/sh scripts of the guests are for busybox; bash reads their grammar too.
        check = subprocess.run(["bash", "-n", str(path)], capture_output=True, text=True)
        if check.returncode != 0:
            yield check.stderr.strip()
    elif interpreter == "python3":
        try:
            compile(path.read_bytes(), str(path), "exec")
        except (SyntaxError, ValueError) as error:
            yield f"{path}: {error}"
    if interpreter and first_line.startswith("#!/") and not os.access(path, os.X_OK):
        yield f"{path}: begins with #! but is not executable"


def main(arguments):
    root = Path(arguments[0] if arguments else Path(__file__).parents[2]).resolve()
    problems = [problem for file in project_files(root)
                for problem in problems_of(root / file)]
    for problem in problems:
        print(problem)
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
