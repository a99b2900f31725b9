# SPDX-License-Identifier: Apache-2.0
"""What a guest on `-n user` needs around it: an uplink for passt, and somebody who asks at a forwarded port."""

import socket
import time

from net_namespace import ip
from skiff_runner import time_factor

SECONDS = 60
# With a passt on make_uplink(): what the guest gets by DHCP, and the host itself, for the guest.
DHCP_ADDRESS = "10.88.0.2"
GATEWAY = "10.88.0.1"

# What udhcpc runs when it has a lease. Without double quotes: it goes over the kernel's command line.
DHCP_SCRIPT = (r"printf '#!/bin/sh\n[ $1 = bound ] || exit 0\nip addr add $ip/24 dev $interface\n"
               r"ip route add default via $router\necho dhcp=$ip,$router,$dns\n' >/tmp/u;"
               " chmod 755 /tmp/u;")


def add_interface(name, address):
    """One with an address, and a cable to nowhere."""
    ip("link", "add", name, "type", "veth", "peer", "name", f"{name}-end")
    ip("link", "set", f"{name}-end", "up")
    ip("addr", "add", f"{address}/24", "dev", name)
    ip("link", "set", name, "up")


def make_uplink():
    """The default route that passt wants to see."""
    add_interface("uplink", DHCP_ADDRESS)
    ip("route", "add", "default", "via", GATEWAY, "dev", "uplink")


def ask_forwarded_port(port, question):
    """The first answer of the guest behind a port of the host. passt takes every connection, and ends it
    where the guest does not listen yet."""
    end = time.monotonic() + SECONDS * time_factor()
    while time.monotonic() < end:
        with socket.create_connection(("127.0.0.1", port), timeout=SECONDS * time_factor()) as connection:
            try:
                connection.sendall(question)
                connection.shutdown(socket.SHUT_WR)
                answer = connection.recv(100)
            except OSError:
                answer = b""
        if answer:
            return answer
        time.sleep(0.1)
    return b""
