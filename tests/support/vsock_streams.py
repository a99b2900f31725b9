# SPDX-License-Identifier: Apache-2.0
"""Programs of the host at the Unix sockets of `--vsock` (docs/devices/virtio-vsock.md)."""

import hashlib
import socket
import threading

from skiff_runner import time_factor

SECONDS = 60


def md5_line(data):
    """What `md5sum` says of its standard input."""
    return hashlib.md5(data).hexdigest().encode() + b"  -\n"


def read_to_end(connection):
    got = b""
    while part := connection.recv(65536):
        got += part
    return got


def ask(path, port, data):
    """Connects to a port of the guest, sends `data` and the end of it, and returns all that comes back,
    the line `OK PORT` included."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(SECONDS * time_factor())
        client.connect(str(path))
        client.sendall(b"CONNECT %d\n" % port + data)
        client.shutdown(socket.SHUT_WR)
        return read_to_end(client)


class OneService:
    """Takes one connection of the guest to a port of the host, and says `data` there and the end of it."""

    def __init__(self, path, port, data):
        self._data = data
        self._answer = None
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.settimeout(SECONDS * time_factor())
        self._listener.bind(f"{path}_{port}")
        self._listener.listen()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self):
        with self._listener:
            connection, _ = self._listener.accept()
        with connection:
            connection.settimeout(SECONDS * time_factor())
            connection.sendall(self._data)
            connection.shutdown(socket.SHUT_WR)
            self._answer = read_to_end(connection)

    def answer(self):
        """All that the guest said; None where it did not come, or did not end."""
        self._thread.join(SECONDS * time_factor())
        return self._answer
