# SPDX-License-Identifier: Apache-2.0
"""The loads of the network benchmark, and the TAP in a network namespace of its own that they run on."""

import ctypes
import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

from measure import BenchError

TAP = "tap0"
HOST_ADDRESS, GUEST_ADDRESS = "10.99.0.1", "10.99.0.2"
HOST_MAC, GUEST_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
# A burst of frames waits in the TAP before the guest takes it.
QUEUE_FRAMES = 10_000
CLONE_NEWNET = 0x40000000


@dataclass(frozen=True)
class Case:
    """One load. `burst`: frames that wait in the TAP each time the guest begins to receive."""
    name: str
    title: str
    operation: str
    frame: int
    buffer: int = 2048
    burst: int = 0

    def bursts(self, milliseconds):
        """As many as fit a run of that length where a frame costs the TAP's own time."""
        return max(3, milliseconds * 1000 // (self.burst * (12 if self.frame > 1514 else 1)))

    def parameters(self, milliseconds, warm_milliseconds):
        """The words for the payload's command line."""
        words = f"op={self.operation} frame={self.frame} buffer={self.buffer}"
        if self.operation == "receive":
            return f"{words} count={self.burst} bursts={self.bursts(milliseconds)}"
        return f"{words} ms={milliseconds} warm_ms={warm_milliseconds}"

    def host_arguments(self, milliseconds, warm_milliseconds):
        """The words for the host's program."""
        if self.operation == "receive":
            return [self.operation, TAP, self.frame, self.burst, self.bursts(milliseconds)]
        return [self.operation, TAP, self.frame, milliseconds, warm_milliseconds]


# 45 segments of 1448 bytes and a header: what Linux makes of a large write.
LARGE = 65_214
CASES = [
    Case("send-64", "64 B, guest to host", "send", 64),
    Case("send-1500", "1500 B, guest to host", "send", 1514),
    Case("send-64k", "64 KiB (TSO), guest to host", "send", LARGE),
    Case("receive-64", "64 B, host to guest", "receive", 64, burst=4000),
    Case("receive-1500", "1500 B, host to guest", "receive", 1514, burst=4000),
    Case("receive-64k", "64 KiB (TSO), host to guest", "receive", LARGE, 4096, burst=500),
    Case("ping", "64 B there and back, one at a time", "ping", 64),
]


def run_ip(*arguments):
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True, timeout=20)
    if done.returncode != 0:
        raise BenchError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")


def enter_namespace():
    """From here on this process, and what it starts, has a network of its own, which goes with it."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET) != 0:
        raise BenchError(f"no network namespace: {os.strerror(ctypes.get_errno())} (it needs root)")
    # Nothing of the kernel's own shall be among the frames.
    for subject in ("all", "default"):
        switch = Path(f"/proc/sys/net/ipv6/conf/{subject}/disable_ipv6")
        if switch.exists():
            switch.write_text("1")
    run_ip("tuntap", "add", "dev", TAP, "mode", "tap")
    run_ip("link", "set", TAP, "address", HOST_MAC, "txqueuelen", str(QUEUE_FRAMES),
           "multicast", "off")
    run_ip("addr", "add", f"{HOST_ADDRESS}/24", "dev", TAP)
    run_ip("link", "set", TAP, "up")
    run_ip("neigh", "add", GUEST_ADDRESS, "lladdr", GUEST_MAC, "dev", TAP, "nud", "permanent")


def frames_from_guest():
    """How many frames the TAP's user has given the host since it was made."""
    for line in Path("/proc/thread-self/net/dev").read_text().splitlines():
        name, _, counters = line.partition(":")
        if name.strip() == TAP:
            return int(counters.split()[1])
    raise BenchError(f"no interface {TAP}")
