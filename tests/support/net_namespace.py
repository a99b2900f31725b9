# SPDX-License-Identifier: Apache-2.0
"""A network namespace that goes with a test class, TAPs in it, and frames to and from them."""

import ctypes
import errno
import os
import socket
import subprocess
import time
from pathlib import Path

CLONE_NEWNET = 0x40000000
# What the freestanding payloads take for granted (guest-images/payloads/virtio_net_bench/frames.h).
HOST_MAC, GUEST_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
HOST_ADDRESS, GUEST_ADDRESS = "10.99.0.1", "10.99.0.2"
# linux/if_packet.h and asm-generic/socket.h, as far as Python does not know them.
SOL_PACKET, PACKET_VNET_HDR, PACKET_QDISC_BYPASS = 263, 15, 20
SO_RCVBUFFORCE = 33
EVERY_PROTOCOL = 0x0003


def ip(*arguments):
    return subprocess.run(["ip", *arguments], check=True, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def move_to_namespace(descriptor):
    if ctypes.CDLL(None, use_errno=True).setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


def enter_namespace():
    """Gives this thread, and what it starts, a network of its own; returns what goes back."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY | os.O_CLOEXEC)
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET) != 0:
        os.close(before)
        raise OSError(ctypes.get_errno(), "no network namespace to be had (needs root)")

    def leave():
        move_to_namespace(before)
        os.close(before)

    # Nothing of the kernel's own shall be among the frames.
    for subject in ("all", "default"):
        switch = Path(f"/proc/sys/net/ipv6/conf/{subject}/disable_ipv6")
        if switch.exists():
            switch.write_text("1")
    return leave


def make_tap(name, queues=1, waiting_frames=1000):
    """A TAP that is up, with the host's address; the guest's is known."""
    ip("tuntap", "add", "dev", name, "mode", "tap", *(["multi_queue"] if queues > 1 else []))
    ip("link", "set", name, "address", HOST_MAC, "txqueuelen", str(waiting_frames),
       "multicast", "off")
    ip("addr", "add", f"{HOST_ADDRESS}/24", "dev", name)
    ip("link", "set", name, "up")
    ip("neigh", "replace", GUEST_ADDRESS, "lladdr", GUEST_MAC, "dev", name, "nud", "permanent")


class WithNetwork:
    """For a test case whose tests run in a network namespace of the class's own."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.addClassCleanup(enter_namespace())


class Wire:
    """The host's end of a TAP. Each frame has a virtio header of 10 bytes before it."""

    HEADER = bytes(10)

    def __init__(self, interface, buffer_bytes=64 << 20, makes_segments=False):
        """With `makes_segments` the kernel makes of a frame that it sends what the interface takes; such a
        frame is refused otherwise, and others are sent at less cost."""
        self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 1)
        self.socket.setsockopt(SOL_PACKET, PACKET_QDISC_BYPASS, 0 if makes_segments else 1)
        self._header_size = len(self.HEADER)
        self.socket.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, buffer_bytes)
        self.socket.bind((interface, EVERY_PROTOCOL))

    def receive_without_headers(self):
        """From now on: a packet socket cannot tell the header of UDP fragments."""
        self.socket.setsockopt(SOL_PACKET, PACKET_VNET_HDR, 0)
        self._header_size = 0

    def close(self):
        self.socket.close()

    def send(self, frame, header=HEADER, seconds=20):
        """Waits while the TAP is full."""
        end = time.monotonic() + seconds
        while True:
            try:
                self.socket.send(header + frame)
                return
            except OSError as error:
                if error.errno != errno.ENOBUFS or time.monotonic() > end:
                    raise
            time.sleep(0.001)

    def receive(self, seconds, ethernet_type):
        """The next frame from the guest that has that type; None where none comes in time."""
        got = self.receive_with_header(seconds, ethernet_type)
        return got and got[1]

    def receive_with_header(self, seconds, ethernet_type):
        """The virtio header and the frame, as receive()."""
        self.socket.settimeout(seconds)
        while True:
            try:
                data, address = self.socket.recvfrom(70_000)
            except (TimeoutError, BlockingIOError):
                return None
            if address[2] != socket.PACKET_OUTGOING and address[1] == ethernet_type:
                return data[:self._header_size], data[self._header_size:]
