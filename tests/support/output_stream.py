# SPDX-License-Identifier: Apache-2.0
"""Reads what a program writes, at the speed that a test asks for."""

import dataclasses
import os
import threading
import time


@dataclasses.dataclass
class SlowReader:
    """A reader of standard output that begins late and takes `chunk` bytes with a `pause` before each
    until `slow_bytes` have come. `pipe_size` makes the pipe smaller than the kernel's 64 KiB. It goes
    away for good once `close_after` bytes have come."""

    start_after: float = 0.0
    slow_bytes: int = 0
    chunk: int = 1000
    pause: float = 0.002
    pipe_size: int = 0
    close_after: int = 0


class Stream:
    """What came from one file descriptor, collected by a thread of its own."""

    def __init__(self, descriptor, changed, slow=None):
        self.data = bytearray()
        self.ended = False
        self.may_read = threading.Event()
        self.may_read.set()
        self._descriptor = descriptor
        self._changed = changed
        self._slow = slow or SlowReader()
        self._thread = threading.Thread(target=self._collect, daemon=True)

    def start(self):
        self._thread.start()

    def join(self):
        self._thread.join()

    def _collect(self):
        time.sleep(self._slow.start_after)
        while True:
            self.may_read.wait()
            slow = len(self.data) < self._slow.slow_bytes
            if slow:
                time.sleep(self._slow.pause)
            try:
                chunk = os.read(self._descriptor, self._slow.chunk if slow else 65536)
            except OSError:  # EIO: the other end of the terminal was closed.
                chunk = b""
            with self._changed:
                self.data += chunk
                self.ended = not chunk or 0 < self._slow.close_after <= len(self.data)
                self._changed.notify_all()
            if self.ended:
                os.close(self._descriptor)
                return
