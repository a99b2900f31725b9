# SPDX-License-Identifier: Apache-2.0
"""A TCP client behind a guest that sends each frame back as it came (the payload virtio_net's `echo`): what a
test puts onto the wire comes out of the guest, and what the guest receives comes onto the wire. It talks to
what skiff has in the guest's network. IPv4 only: the payload passes other frames over, ARP among them."""

import socket
import struct

from net_namespace import HOST_MAC
from skiff_runner import time_factor

FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
IPV4 = 0x0800
CLIENT = "10.99.0.77"
MASK = 0xFFFFFFFF


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


OWN_MAC = mac_bytes(HOST_MAC)
ANY_MAC = bytes.fromhex("060000000001")


def checksum(data):
    data += bytes(len(data) % 2)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def ip_frame(protocol, to, content, client=CLIENT):
    addresses = socket.inet_aton(client) + socket.inet_aton(to)
    header = struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(content), 0, 0, 64, protocol, 0) + addresses
    header = header[:10] + struct.pack(">H", checksum(header)) + header[12:]
    return ANY_MAC + OWN_MAC + IPV4.to_bytes(2, "big") + header + content


class EchoedTcp:
    """One connection. Each method raises AssertionError where the other end does not keep to TCP, or says
    nothing."""

    def __init__(self, wire, server, port, server_port=80):
        self._wire = wire
        self._server, self._server_port, self._port = server, server_port, port
        self._next, self._expected = 0xFFFFFF00, 0
        self.ended = False

    def send(self, flags, content=b""):
        tcp = struct.pack(">HHIIBBHHH", self._port, self._server_port, self._next, self._expected, 0x50,
                          flags, 65535, 0, 0) + content
        pseudo = (socket.inet_aton(CLIENT) + socket.inet_aton(self._server)
                  + struct.pack(">BBH", 0, 6, len(tcp)))
        tcp = tcp[:16] + struct.pack(">H", checksum(pseudo + tcp)) + tcp[18:]
        self._wire.send(ip_frame(6, self._server, tcp))
        self._next = (self._next + len(content) + bool(flags & SYN) + bool(flags & FIN)) & MASK

    def receive(self):
        """(flags, content) of the next segment for this connection."""
        while True:
            frame = self._wire.receive(20 * time_factor(), IPV4)
            assert frame is not None, "nothing comes"
            length = struct.unpack_from(">H", frame, 16)[0]
            tcp = frame[34:14 + length]
            ports = struct.unpack_from(">HH", tcp)
            if frame[23] != 6 or frame[26:30] != socket.inet_aton(self._server):
                continue
            if ports != (self._server_port, self._port):
                continue
            assert checksum(frame[14:34]) == 0, "the IPv4 header's checksum is wrong"
            assert checksum(frame[26:34] + struct.pack(">HH", 6, len(tcp)) + tcp) == 0, "TCP's checksum is wrong"
            sequence, offset, flags = *struct.unpack_from(">I", tcp, 4), tcp[12] >> 4, tcp[13]
            content = tcp[4 * offset:]
            if flags & SYN:
                self._expected = sequence
            if sequence == self._expected:
                self._expected = (sequence + len(content) + bool(flags & SYN) + bool(flags & FIN)) & MASK
                self.ended = self.ended or bool(flags & FIN)
            return flags, content

    def connect(self):
        self.send(SYN)
        flags, _ = self.receive()
        assert flags == SYN | ACK, f"SYN is answered with flags {flags:#x}"
        self.send(ACK)
        return self

    def ask(self, request):
        """What comes until the server ends."""
        self.send(PSH | ACK, request)
        answer = b""
        while not self.ended:
            flags, content = self.receive()
            assert not flags & RST, "the server resets"
            answer += content
            if content or self.ended:
                self.send(ACK)
        self.send(FIN | ACK)
        self.receive()
        return answer
