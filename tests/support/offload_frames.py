# SPDX-License-Identifier: Apache-2.0
"""Frames that leave their checksum, and their segments, to others (VIRTIO 1.2, 5.1.6.2), and what Linux
makes of them for a device that takes no such frames."""

import dataclasses
import struct

from net_namespace import GUEST_MAC, HOST_MAC

SEGMENT = 1440
SEGMENTS = 45  # in a large frame
ETHERNET_SIZE = 14
TCP, UDP = 6, 17
GSO_TCP4, GSO_UDP, GSO_TCP6, GSO_UDP_SEGMENTS, GSO_ECN = 1, 3, 4, 5, 0x80
NEEDS_CSUM = 1
ACK, CWR = 0x10, 0x80


def sum_of(data):
    """The sum of 16-bit words that the Internet checksum is the complement of (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    return int.from_bytes(data, "big") % 0xFFFF or 0xFFFF


def put(data, at, value):
    return data[:at] + value.to_bytes(2, "big") + data[at + 2:]


@dataclasses.dataclass(frozen=True)
class Kind:
    """As OffloadFrame of the payload (guest-images/payloads/virtio_net)."""

    name: str
    gso_type: int  # 0: one segment, which only lacks its checksum
    version: int = 4

    @property
    def protocol(self):
        return UDP if self.gso_type in (GSO_UDP, GSO_UDP_SEGMENTS) else TCP

    @property
    def ethernet_type(self):
        return 0x0800 if self.version == 4 else 0x86DD

    @property
    def ip_size(self):
        return 20 if self.version == 4 else 40

    @property
    def headers_size(self):
        return ETHERNET_SIZE + self.ip_size + (8 if self.protocol == UDP else 20)

    @property
    def content_size(self):
        return SEGMENTS * SEGMENT if self.gso_type else SEGMENT

    @property
    def checksum_at(self):
        return ETHERNET_SIZE + self.ip_size + (6 if self.protocol == UDP else 16)

    def virtio_header(self):
        headers, segment = (self.headers_size, SEGMENT) if self.gso_type else (0, 0)
        start = ETHERNET_SIZE + self.ip_size
        return struct.pack("<BBHHHH", NEEDS_CSUM, self.gso_type, headers, segment, start,
                           self.checksum_at - start)

    def ethernet(self):
        return bytes.fromhex((GUEST_MAC + HOST_MAC).replace(":", "")) + self.ethernet_type.to_bytes(2, "big")

    def ip(self, size, identifier=0, fragment=0):
        """The header of a packet that carries `size` bytes."""
        if self.version == 6:
            return struct.pack(">IHBB16s16s", 6 << 28, size, self.protocol, 64, *self._addresses())
        header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + size, identifier, fragment, 64, self.protocol, 0,
                             *self._addresses())
        return put(header, 10, 0xFFFF - sum_of(header))

    def _addresses(self):
        if self.version == 4:
            return bytes((10, 99, 0, 1)), bytes((10, 99, 0, 2))
        return bytes.fromhex("fd" + "00" * 14 + "01"), bytes.fromhex("fd" + "00" * 14 + "02")

    def transport(self, content, port, sequence=0, flags=ACK):
        """With the pseudo header's sum in the place of the checksum."""
        size = len(content) + (8 if self.protocol == UDP else 20)
        pseudo = sum_of(b"".join(self._addresses()) + struct.pack(">II", size, self.protocol))
        if self.protocol == UDP:
            return struct.pack(">HHHH", port, 9, size, pseudo) + content
        return struct.pack(">HHIIBBHHH", port, 9, sequence, 0, 0x50, flags, 1000, pseudo, 0) + content

    def complete(self, packet):
        """A transport packet with its checksum as it must be."""
        at = self.checksum_at - ETHERNET_SIZE - self.ip_size
        checksum = 0xFFFF - sum_of(packet)
        # In UDP, 0 would say that there is none (RFC 768).
        return put(packet, at, checksum or (0xFFFF if self.protocol == UDP else 0))

    def _first_flags(self):
        return ACK | (CWR if self.gso_type & GSO_ECN else 0)

    def whole(self, content, port):
        """As it is sent."""
        packet = self.transport(content, port, flags=self._first_flags())
        return self.ethernet() + self.ip(len(packet)) + packet

    def cut(self, content, port, is_complete):
        """The segments or fragments of whole(); without `is_complete` each segment lacks its checksum."""
        if self.gso_type == GSO_UDP:
            return self._fragments(content, port)
        frames = []
        for number, at in enumerate(range(0, len(content), SEGMENT)):
            flags = self._first_flags() if at == 0 else ACK
            packet = self.transport(content[at:at + SEGMENT], port, sequence=at, flags=flags)
            if is_complete:
                packet = self.complete(packet)
            frames.append(self.ethernet() + self.ip(len(packet), identifier=number) + packet)
        return frames

    def _fragments(self, content, port):
        """RFC 791. Their one checksum is always there: it is of all of them."""
        packet = self.complete(self.transport(content, port))
        frames = []
        for at in range(0, len(packet), SEGMENT):
            more = 0x2000 if at + SEGMENT < len(packet) else 0
            piece = packet[at:at + SEGMENT]
            frames.append(self.ethernet() + self.ip(len(piece), fragment=more | at // 8) + piece)
        return frames


CHECKSUM = Kind("a checksum", 0)
TCP4 = Kind("TCP segments by IPv4", GSO_TCP4)
TCP4_ECN = Kind("TCP segments by IPv4 with ECN", GSO_TCP4 | GSO_ECN)
TCP6 = Kind("TCP segments by IPv6", GSO_TCP6, 6)
UFO = Kind("UDP fragments", GSO_UDP)
USO4 = Kind("UDP segments by IPv4", GSO_UDP_SEGMENTS)
USO6 = Kind("UDP segments by IPv6", GSO_UDP_SEGMENTS, 6)
