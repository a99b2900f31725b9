# SPDX-License-Identifier: Apache-2.0
"""What the network tests share: a network namespace that goes with the test, servers in it, and how much
data is worth moving."""

import ctypes
import fcntl
import hashlib
import json
import os
import random
import socket
import struct
import subprocess
import threading

from linux_guest import BOOT_SECONDS, linux_arguments
from net_namespace import ip
from skiff_runner import time_factor

MIB = 1024 * 1024
DOWNLOAD_PORT = 5001
UPLOAD_PORT = 5002

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TAP = 0x0002
IFF_NO_PI = 0x1000


def enter_namespace(more=0):
    """A network namespace of our own, which goes with this process. Says why not, else None."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(CLONE_NEWNET | more) != 0:
        return f"no network namespace to be had: {os.strerror(ctypes.get_errno())} (needs root)"
    try:
        ip("link", "set", "lo", "up")
        ip("tuntap", "add", "dev", "probe", "mode", "tap")
        ip("tuntap", "del", "dev", "probe", "mode", "tap")
    except (OSError, subprocess.CalledProcessError) as error:
        return f"no TAP to be had: {error}"
    return None


def plain_tap(name):
    """A descriptor of a TAP that cannot do any offload."""
    descriptor = os.open("/dev/net/tun", os.O_RDWR)
    fcntl.ioctl(descriptor, TUNSETIFF, struct.pack("16sH22x", name.encode(), IFF_TAP | IFF_NO_PI))
    return descriptor


def kernel_mode_is_emulated():
    told = subprocess.run([os.environ["SKIFF"], *linux_arguments("--dry-run")], check=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True).stdout
    return "emulated_cpl0" in told


def some_data(mebibytes=64):
    """Random bytes to move: `mebibytes` MiB. KVM that emulates the guest's kernel mode copies a byte at a
    time, in the kernel, so that a mebibyte costs seconds: there it is a 128th part, unless
    SKIFF_TEST_FULL is set."""
    size = mebibytes * MIB
    if kernel_mode_is_emulated() and not os.environ.get("SKIFF_TEST_FULL"):
        size //= 128
    return random.Random(1).randbytes(size)


class Server:
    """Sends `data` to whoever connects to one port of an address, and hashes what comes to another."""

    def __init__(self, address, data):
        self.data = data
        self.received = []
        for port, serve in ((DOWNLOAD_PORT, self._send), (UPLOAD_PORT, self._receive)):
            listener = socket.create_server((address, port))
            threading.Thread(target=self._accept, args=(listener, serve), daemon=True).start()

    @staticmethod
    def _accept(listener, serve):
        while True:
            connection, _ = listener.accept()
            with connection:
                serve(connection)

    def _send(self, connection):
        connection.sendall(self.data)
        connection.shutdown(socket.SHUT_WR)
        while connection.recv(MIB):
            pass

    def _receive(self, connection):
        digest = hashlib.md5()
        while True:
            part = connection.recv(MIB)
            if not part:
                break
            digest.update(part)
        self.received.append(digest.hexdigest())


class IperfServer:
    """Serves one run of iperf3 and keeps its report."""

    def __init__(self, address, port):
        self._process = subprocess.Popen(["iperf3", "-s", "-1", "-B", address, "-p", str(port), "--json"],
                                         stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)

    def report(self):
        """What both sides agree on at the end, as iperf3's JSON has it."""
        output, _ = self._process.communicate(timeout=BOOT_SECONDS * time_factor())
        return json.loads(output)

    def kill(self):
        self._process.kill()
        self._process.communicate()


def move_data_commands(host, label, half_closed=True):
    """For the guest: takes the data from a Server, says its checksum, and sends it back. `half_closed`:
    says at once that it has nothing to send; else it waits on the console, which says nothing."""
    no_input = "</dev/null" if half_closed else ""
    return (f" nc {host} {DOWNLOAD_PORT} {no_input} >/tmp/data;"
            f" echo {label}-got=$(md5sum </tmp/data);"
            f" nc {host} {UPLOAD_PORT} </tmp/data >/dev/null; rm /tmp/data;")


def watch_link_commands(interface, label):
    """For the guest: says when it watches, when the link goes, and when it is back. Looks by the shell
    itself: a program's start is dear where the kernel is emulated."""
    carrier = f"/sys/class/net/{interface}/carrier"
    return (f" c=1; echo {label}-WATCHED; while [ $c = 1 ]; do sleep 0.2; read c <{carrier}; done;"
            f" echo {label}-DOWN; while [ $c = 0 ]; do sleep 0.2; read c <{carrier}; done;"
            f" echo {label}-UP;")
