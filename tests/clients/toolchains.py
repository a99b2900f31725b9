# SPDX-License-Identifier: Apache-2.0
"""What the client programs are built and run with: a Go compiler, and packages of the Python Package Index in
a virtual environment. Both are fetched once into SKIFF_CLIENTS, a folder of the build.

Where they cannot be had, the tests are skipped with the reason (status 77), which is a failure in CI."""

import hashlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
GO_PLACES = ("/usr/local/go/bin/go", "/usr/lib/go/bin/go")
FETCH_SECONDS = 500


class Unavailable(Exception):
    """Something that is fetched cannot be had here."""


def folder():
    made = Path(os.environ.get("SKIFF_CLIENTS") or HERE.parents[1] / "build/clients")
    made.mkdir(parents=True, exist_ok=True)
    return made


def run(what, *command, **options):
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                              errors="replace", timeout=FETCH_SECONDS, check=False, **options)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise Unavailable(f"{what}: {error}") from error
    if done.returncode != 0:
        raise Unavailable(f"{what}: {done.stdout.strip()[-600:]}")
    return done.stdout


def go_compiler():
    found = shutil.which("go") or next((place for place in GO_PLACES if os.access(place, os.X_OK)), None)
    if found is None:
        raise Unavailable("there is no Go compiler: install golang-go")
    return found


def go_program():
    """Builds go/; the path of the program. Its module fetches what it needs, by go.sum."""
    compiler = go_compiler()
    target = folder() / "go_client"
    environment = {**os.environ, "GOFLAGS": "-mod=readonly", "GOTOOLCHAIN": "local", "CGO_ENABLED": "0",
                   "GOCACHE": os.environ.get("GOCACHE") or str(folder() / "go-cache")}
    minor = re.search(r"go1\.(\d+)", run("go version", compiler, "version"))
    # A module of the SDK's links to a private symbol, which Go forbids from 1.23 on.
    linking = ["-ldflags=-checklinkname=0"] if minor and int(minor[1]) >= 23 else []
    if not target.exists():
        run("the Go modules", compiler, "mod", "download", cwd=HERE / "go", env=environment)
    built = subprocess.run([compiler, "build", *linking, "-o", target, "."], cwd=HERE / "go", env=environment,
                           stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if built.returncode != 0:
        raise AssertionError(f"the Go program does not build: {built.stdout}")
    return target


def python_with(name, requirements):
    """The interpreter of a virtual environment that has these requirements, at just these versions."""
    place = folder() / name
    stamp = place / "requirements.sha256"
    wanted = hashlib.sha256(requirements.read_bytes() + sys.version.encode()).hexdigest()
    python = place / "bin/python"
    if not stamp.exists() or stamp.read_text() != wanted:
        shutil.rmtree(place, ignore_errors=True)
        run("a virtual environment", sys.executable, "-m", "venv", place)
        run(f"the packages of {requirements.name}", python, "-m", "pip", "--disable-pip-version-check",
            "install", "--quiet", "--requirement", requirements)
        stamp.write_text(wanted)
    return python


def fetch_or_skip(fetchers):
    """Does each, or ends the process as a skipped test."""
    for fetch in fetchers:
        try:
            fetch()
        except Unavailable as error:
            print(f"SKIPPED: {error}", flush=True)
            sys.exit(77)
