# SPDX-License-Identifier: Apache-2.0
"""hvc0 and named ports in a Linux guest, all in one boot."""

import fcntl
import os
import socket
import struct
import termios

from linux_guest import BOOT_SECONDS, PROMPT, LinuxTestCase, expect_ready, main
from skiff_runner import time_factor


def resize(terminal, columns, rows):
    """Changes the window of a terminal by its path."""
    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.close(descriptor)


class VirtioConsole(LinuxTestCase):
    def test_a_shell_on_hvc0_that_knows_its_window_and_ports_to_a_socket_and_a_file(self):
        sock, log = self.folder() / "agent.sock", self.folder() / "log.txt"
        skiff = self.start_linux("--console", "virtio", "--port", f"org.agent={sock}", "--port",
                                 f"log={log}", stdin="terminal")
        expect_ready(skiff)
        skiff.expect(PROMPT)
        skiff.send("tty; cat /sys/class/virtio-ports/*/name; grep -c ttyS /proc/interrupts\n")
        skiff.expect(r"\n/dev/hvc0\r\n(org\.agent|log)\r\n(org\.agent|log)\r\n0\r\n", BOOT_SECONDS)

        resize(skiff.terminal, 132, 43)
        skiff.expect(PROMPT)
        skiff.send("until [ \"$(stty size)\" = '43 132' ]; do :; done; echo re''sized\n")
        skiff.expect(r"\nresized\r\n", BOOT_SECONDS)

        skiff.send("port() { for p in /sys/class/virtio-ports/*; do [ $(cat $p/name) = $1 ] &&"
                   " echo /dev/${p##*/}; done; }; echo to the log > $(port log); echo log''ged\n")
        skiff.expect(r"\nlogged\r\n", BOOT_SECONDS)
        self.assertEqual(log.read_bytes(), b"to the log\n")

        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        client.settimeout(BOOT_SECONDS * time_factor())
        client.connect(str(sock))
        # The loop ends when the client has left: the guest reads an end of file then.
        skiff.send("exec 3<>$(port org.agent); while read -r line <&3; do echo \"got $line\" >&3;"
                   " done; echo cli''ent left; exit 3\n")
        client.sendall(b"one\ntwo\n")
        answer = b""
        while answer.count(b"\n") < 2:
            answer += client.recv(100)
        self.assertEqual(answer, b"got one\ngot two\n")
        client.close()
        skiff.expect(r"\nclient left\r\n", BOOT_SECONDS)
        self.assertEqual(skiff.wait(BOOT_SECONDS).status, 3)


if __name__ == "__main__":
    main(needs=("kvm", "images"))
