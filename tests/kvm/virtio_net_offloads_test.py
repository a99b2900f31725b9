# SPDX-License-Identifier: Apache-2.0
"""Each offload of the network device, negotiated alone, not at all, and all but it, with one queue pair and
with two: 64 MiB of frames that need it, compared with what must come of them."""

import os
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from net_namespace import Wire  # noqa: E402
from offload_frames import CHECKSUM, TCP4, TCP4_ECN, TCP6, UFO, USO4, USO6  # noqa: E402
from skiff_runner import amount, main, some  # noqa: E402
from virtio_net_test import MIB, TEST_TYPE, NetTestCase, sum_of  # noqa: E402

ALL = (1 << 64) - 1
CSUM, GUEST_CSUM, MERGEABLE = 1 << 0, 1 << 1, 1 << 15
GUEST_TSO4, GUEST_TSO6, GUEST_ECN, GUEST_UFO = (1 << bit for bit in (7, 8, 9, 10))
HOST_TSO4, HOST_TSO6, HOST_ECN, HOST_UFO = (1 << bit for bit in (11, 12, 13, 14))
GUEST_USO, HOST_USO = 1 << 54 | 1 << 55, 1 << 56  # Linux takes both of the guest's or none
TO_GUEST = {CHECKSUM: 0, TCP4: GUEST_TSO4, TCP4_ECN: GUEST_TSO4 | GUEST_ECN, TCP6: GUEST_TSO6,
            UFO: GUEST_UFO, USO4: GUEST_USO, USO6: GUEST_USO}
FROM_GUEST = {CHECKSUM: 0, TCP4: HOST_TSO4, TCP4_ECN: HOST_TSO4 | HOST_ECN, TCP6: HOST_TSO6,
              UFO: HOST_UFO, USO4: HOST_USO, USO6: HOST_USO}
if tuple(map(int, os.uname().release.split(".")[:2])) < (6, 2):  # whose TAP knows no USO
    GUEST_USO = HOST_USO = 0
    for kinds in (TO_GUEST, FROM_GUEST):
        del kinds[USO4], kinds[USO6]
OFFLOADS_IN = GUEST_CSUM | GUEST_TSO4 | GUEST_TSO6 | GUEST_ECN | GUEST_UFO | GUEST_USO
OFFLOADS_OUT = CSUM | HOST_TSO4 | HOST_TSO6 | HOST_ECN | HOST_UFO | HOST_USO

MULTI_QUEUE, CONTROL = 1 << 22, 1 << 17
BASE = MULTI_QUEUE | CONTROL
PAIRS = (1, 2)
MUCH, SOME = amount(64 * MIB), amount(2 * MIB)  # in large frames, and in small ones
DIFFERENT = 32  # frames of content of their own; further ones are these again


def without(own, checksum, offloads):
    """All features but those; without checksums there is no segmentation either (5.1.3.1)."""
    return ALL & ~(offloads if own & checksum else own)


class OffloadsTestCase(NetTestCase):
    def drive_with(self, features, words, pairs):
        skiff = self.drive(f"features={features & ALL:#x} pairs={pairs} info {words}", f",queues={pairs}")
        agreed = int(re.search(rb"features (0x\w+)", skiff.output)[1], 16)
        self.assertEqual(agreed & self.OFFLOADS, features & self.OFFLOADS, "the device does not offer all of it")
        return skiff

    def subtests(self, kinds):
        """Of each kind: its features alone, none at all, and all but them."""
        for kind, own in some(kinds.items()):
            for pairs in PAIRS:
                yield kind, self.CHECKSUM_BIT | own, pairs, MUCH if self.comes_whole(kind) else SOME
                yield kind, without(own, self.CHECKSUM_BIT, self.OFFLOADS), pairs, SOME
            yield kind, 0, 1, SOME


class ToTheGuest(OffloadsTestCase):
    """The host sends frames that need an offload. A driver that has it gets them as they are; for another
    one the host's kernel completes checksums and makes segments."""

    CHECKSUM_BIT, OFFLOADS = GUEST_CSUM, OFFLOADS_IN

    @staticmethod
    def comes_whole(kind):
        """In large frames, where the driver has the offload."""
        # Linux takes the flag of UFO, and has made fragments all the same since 4.14.
        return kind not in (CHECKSUM, UFO)

    def expected(self, kind, features, content, port):
        """The frames that must come of one."""
        has_checksums = bool(features & GUEST_CSUM)
        if has_checksums and kind is not UFO and not TO_GUEST[kind] & ~features:
            return [kind.whole(content, port)]
        return kind.cut(content, port, is_complete=not has_checksums)

    def test_what_comes_is_what_the_driver_can_take(self):
        for kind, features, pairs, size in self.subtests(TO_GUEST):
            with (self.subTest(kind.name, features=hex(features), pairs=pairs),
                  self.wire(pairs, makes_segments=True) as wire):
                self.check(wire, kind, features | BASE, pairs, size)

    def check(self, wire, kind, features, pairs, size):
        contents = [self.content(kind.content_size) for _ in range(DIFFERENT)]
        count = size // kind.content_size + 1
        sent = [kind.whole(content, port) for port, content in enumerate(contents, 1000)]
        pieces = [self.expected(kind, features, content, port) for port, content in enumerate(contents, 1000)]
        frames = [frame for i in range(count) for frame in pieces[i % DIFFERENT]]
        total = sum(map(len, frames))
        room = 4096 if features & MERGEABLE else 65600
        skiff = self.drive_with(features, f"buffer={room} receive:{total}", pairs)
        for i in range(count):
            wire.send(sent[i % DIFFERENT], kind.virtio_header())
        told = self.end(skiff)[f"receive:{total}"]
        self.assertRegex(told, rf"^frames {len(frames)} bytes {total} sum {sum_of(frames)} ")
        is_whole = pieces[0] == [sent[0]]
        self.assertEqual(int(re.search(r"segmented (\d+)", told)[1]), count if is_whole and kind.gso_type else 0)
        if is_whole:
            self.assertEqual(int(re.search(r"unchecked (\d+)", told)[1]), count)


class FromTheGuest(OffloadsTestCase):
    """A driver that has an offload sends frames that need it, and they are on the host as they were; one
    that has none sends such as need none."""

    CHECKSUM_BIT, OFFLOADS = CSUM, OFFLOADS_OUT

    @staticmethod
    def comes_whole(kind):
        return kind is not CHECKSUM

    def test_what_is_sent_is_what_the_host_gets(self):
        for kind, features, pairs, size in self.subtests(FROM_GUEST):
            with self.subTest(kind.name, features=hex(features), pairs=pairs), self.wire(pairs) as wire:
                self.check(wire, self.kind_for(kind, features), features | BASE, pairs, size)

    @staticmethod
    def kind_for(kind, features):
        """`kind`, or what else those features can send; None: frames that are complete."""
        if not features & CSUM:
            return None
        return kind if not FROM_GUEST[kind] & ~features else TCP6 if kind is not TCP6 else TCP4

    def check(self, wire, kind, features, pairs, total):
        size, more, ethernet_type, header = 1514, "", TEST_TYPE, Wire.HEADER
        if kind:
            size = kind.headers_size + kind.content_size
            more, ethernet_type, header = f":{kind.gso_type}:{kind.version}", kind.ethernet_type, kind.virtio_header()
        if kind is UFO:
            wire.receive_without_headers()
            header = b""
        count = total // size + 1
        word = f"send:{count}:{size}:{pairs - 1}{more}"
        skiff = self.drive_with(features, word, pairs)
        came = self.collect_with_headers(wire, count, ethernet_type)
        told = self.end(skiff)[word]
        frames = [frame for _, frame in came]
        self.assertRegex(told, rf"^frames {count} bytes {count * size} sum {sum_of(frames)} ")
        self.assertEqual({header for header, _ in came}, {header})
        self.assertEqual(len(set(frames)), count)


if __name__ == "__main__":
    main(needs=("kvm", "payloads", "tap"))
