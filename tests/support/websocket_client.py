# SPDX-License-Identifier: Apache-2.0
"""A client of GET /v1/console: a small WebSocket (RFC 6455), which can break its rules on purpose."""

import base64
import hashlib
import json
import os
import re
import socket
import struct
import time

from skiff_runner import time_factor

GUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, payload, last=True, masked=True, length=None):
    length = len(payload) if length is None else length
    first = (0x80 if last else 0) | opcode
    mask_bit = 0x80 if masked else 0
    if length < 126:
        header = struct.pack("!BB", first, mask_bit | length)
    elif length < 1 << 16:
        header = struct.pack("!BBH", first, mask_bit | 126, length)
    else:
        header = struct.pack("!BBQ", first, mask_bit | 127, length)
    if not masked:
        return header + payload
    mask = os.urandom(4)
    key = (mask * (len(payload) // 4 + 1))[:len(payload)]
    hidden = int.from_bytes(payload, "big") ^ int.from_bytes(key, "big")
    return header + mask + hidden.to_bytes(len(payload), "big")


class WebSocket:
    """`output` is what came of the console, `texts` the messages about it, `closed` the code and reason."""

    def __init__(self, path, seconds=20, receive_buffer=None):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(seconds * time_factor())
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.connect(str(path))
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall((f"GET /v1/console HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
                             f"Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                             f"Sec-WebSocket-Key: {key}\r\n\r\n").encode())
        self._bytes = b""
        self.output = b""
        self.texts = []
        self.pongs = []
        self.closed = None
        head = self._until(b"\r\n\r\n").decode()
        self.status = int(head.split()[1])
        if self.status == 101:
            digest = hashlib.sha1((key + GUID).encode()).digest()
            assert f"Sec-WebSocket-Accept: {base64.b64encode(digest).decode()}\r\n" in head, head

    def _more(self):
        got = self.socket.recv(65536)
        if not got:
            raise EOFError
        self._bytes += got

    def _until(self, end):
        while end not in self._bytes:
            self._more()
        head, _, self._bytes = self._bytes.partition(end)
        return head + end

    def _take(self, count):
        while len(self._bytes) < count:
            self._more()
        taken, self._bytes = self._bytes[:count], self._bytes[count:]
        return taken

    def receive(self):
        """One frame; a server's are whole and not masked. EOFError at the end."""
        first, length = self._take(2)
        assert first & 0xf0 == 0x80 and length < 0x80, (first, length)
        if length == 126:
            length, = struct.unpack("!H", self._take(2))
        elif length == 127:
            length, = struct.unpack("!Q", self._take(8))
        payload = self._take(length)
        opcode = first & 15
        if opcode == BINARY:
            self.output += payload
        elif opcode == TEXT:
            self.texts.append(json.loads(payload))
        elif opcode == PONG:
            self.pongs.append(payload)
        else:
            assert opcode == CLOSE, opcode
            self.closed = (struct.unpack("!H", payload[:2])[0] if payload else None, payload[2:].decode())

    def expect(self, pattern, seconds=20):
        """Receives until the output matches."""
        end = time.monotonic() + seconds * time_factor()
        while not re.search(pattern, self.output):
            assert time.monotonic() < end, (pattern, self.output[-1000:])
            self.receive()

    def until_closed(self):
        try:
            while True:
                self.receive()
        except (EOFError, ConnectionResetError):  # the latter where it has not read all that we sent
            return self.closed

    def send(self, opcode, payload, **options):
        self.socket.sendall(frame(opcode, payload, **options))

    def type(self, keys):
        self.send(BINARY, keys)

    def tell(self, message):
        self.send(TEXT, json.dumps(message).encode())

    def close(self):
        self.socket.close()
