# SPDX-License-Identifier: Apache-2.0
"""A run of skiff inside L1: its console as it comes, signals to it, and how it ends."""

import os
import re
import selectors
import subprocess
import tempfile
import time


class Failure(AssertionError):
    """What a case expected did not happen."""


class Guest:
    """`skiff run` with the given arguments. Use as a context manager: leaving it kills skiff."""

    def __init__(self, skiff, arguments, limit_s):
        self.deadline = time.monotonic() + limit_s
        self.command = [skiff, "run", *arguments]
        self.console = ""
        self._errors = tempfile.TemporaryFile()
        self._process = subprocess.Popen(
            self.command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._errors)
        self._selector = selectors.DefaultSelector()
        self._selector.register(self._process.stdout, selectors.EVENT_READ)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._selector.close()
        self._process.stdin.close()
        self._process.stdout.close()
        self._errors.close()

    def wait_for(self, text):
        """Reads the console until it holds `text`."""
        while text not in self.console:
            if not self._read_more():
                raise Failure(f"the console ended without {text!r}")

    def fact(self, name):
        """The value of the guest's line "GUEST name value"."""
        found = re.search(rf"^GUEST {name} (.*)$", self.console, re.MULTILINE)
        if not found:
            raise Failure(f"the guest did not tell its {name}")
        return found.group(1)

    def type(self, text):
        self._process.stdin.write(text.encode())
        self._process.stdin.flush()

    def signal(self, number):
        self._process.send_signal(number)

    def end(self):
        """Reads on until skiff ends, and returns its status."""
        while self._read_more():
            pass
        try:
            return self._process.wait(max(0.0, self.deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            raise Failure("skiff closed its standard output but did not end in time") from None

    def errors(self):
        """What skiff has said on its standard error."""
        self._errors.seek(0)
        return self._errors.read().decode("utf-8", "replace")

    def story(self):
        """Everything that helps to understand a failure."""
        return (f"$ {' '.join(self.command)}\n--- console\n{self.console}\n"
                f"--- skiff\n{self.errors()}\n--- status {self._process.poll()}\n")

    def _read_more(self):
        left = self.deadline - time.monotonic()
        if left <= 0 or not self._selector.select(left):
            raise Failure("time ran out")
        data = os.read(self._process.stdout.fileno(), 65536)
        self.console += data.decode("utf-8", "replace").replace("\r", "")
        return bool(data)
