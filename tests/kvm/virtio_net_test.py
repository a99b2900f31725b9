# SPDX-License-Identifier: Apache-2.0
"""The network device, driven by a freestanding driver on a TAP in a network namespace: what the host sends
and what the driver tells of it, and the other way round, are compared."""

import contextlib
import errno
import random
import re
import struct
import sys
import threading
import zlib
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from net_namespace import GUEST_MAC, HOST_MAC, WithNetwork, Wire, ip, make_tap  # noqa: E402
from skiff_runner import SkiffTestCase, amount, main, some, time_factor  # noqa: E402

MIB = 1 << 20
WAITING_FRAMES = 20_000  # more than a test sends; Linux 6.1 does not take 60000
TEST_TYPE, OTHER_TYPE, IP_TYPE = 0x88B5, 0x88B6, 0x0800
ALL = (1 << 64) - 1
MERGEABLE, EVENT_IDX, INDIRECT = (1 << bit for bit in (15, 29, 28))
# 45 segments of 1448 bytes behind headers of 54.
LARGE = 65_214
TCP_SEGMENTS = struct.pack("<BBHHHH", 1, 1, 54, 1448, 34, 16)


def mac_bytes(text):
    return bytes.fromhex(text.replace(":", ""))


def frame(ethernet_type, content):
    return (mac_bytes(GUEST_MAC) + mac_bytes(HOST_MAC) + ethernet_type.to_bytes(2, "big") + content)


def ip_frame(protocol, content):
    header = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(content), 0, 0, 64, protocol, 0,
                         bytes((10, 99, 0, 1)), bytes((10, 99, 0, 2)))
    return frame(IP_TYPE, header + content)


def udp_frame(port, content):
    return ip_frame(17, struct.pack(">HHHH", port, port, 8 + len(content), 0) + content)


def tcp_frame(content):
    """TCP that the receiver may cut into segments; its checksum is left to be made."""
    return ip_frame(6, struct.pack(">HHIIBBHHH", 9, 9, 0, 0, 0x50, 0x10, 1000, 0, 0) + content)


def sum_of(frames):
    return f"0x{sum(map(zlib.crc32, frames)) & 0xFFFFFFFF:08x}"


class NetTestCase(WithNetwork, SkiffTestCase):
    def setUp(self):
        super().setUp()
        self.random = random.Random(1)

    @contextlib.contextmanager
    def wire(self, queues=1, makes_segments=False):
        """The host's end of a new TAP, on which one skiff may run."""
        make_tap("tap0", queues, waiting_frames=WAITING_FRAMES)
        wire = Wire("tap0", 256 * MIB, makes_segments)
        try:
            yield wire
        finally:
            wire.close()
            for skiff in self.started:
                skiff.kill()
            ip("tuntap", "del", "dev", "tap0", "mode", "tap",
               *(["multi_queue"] if queues > 1 else []))

    def drive(self, words, net=""):
        """Starts the driver; it has all its buffers when it says that it is ready."""
        skiff = self.start_payload("virtio_net", words, "-m", "256M", "-n",
                                   f"tap=tap0,mac={GUEST_MAC}{net}")
        skiff.expect("ready\n", 30)
        return skiff

    def end(self, skiff):
        """The numbers after each word."""
        finished = skiff.wait(30)
        self.assertEqual(finished.status, 0, f"{finished.text}\n{finished.error_text}")
        return dict(re.findall(r"^(\S+): ok (.*)$", finished.text, re.MULTILINE))

    def collect(self, wire, count, ethernet_type=TEST_TYPE):
        return [frame for _, frame in self.collect_with_headers(wire, count, ethernet_type)]

    def collect_with_headers(self, wire, count, ethernet_type):
        frames = []
        while len(frames) < count:
            got = wire.receive_with_header(20 * time_factor(), ethernet_type)
            self.assertIsNotNone(got, f"after {len(frames)} of {count} frames nothing comes")
            frames.append(got)
        return frames

    def content(self, size):
        return self.random.randbytes(size)


class Echo(NetTestCase):
    def check(self, frames, words, ethernet_type=TEST_TYPE):
        with self.subTest(words), self.wire() as wire:
            skiff = self.drive(f"{words} echo:{len(frames)}")
            for one in frames:
                wire.send(one, TCP_SEGMENTS if len(one) > 1514 else Wire.HEADER)
            back = self.collect(wire, len(frames), ethernet_type)
            told = self.end(skiff)[f"echo:{len(frames)}"]
            self.assertIn(f"sum {sum_of(frames)}", told)
            self.assertTrue(back == frames, "what came back is not what was sent")
            self.assertIsNone(wire.receive(0, ethernet_type), "a frame too many")

    def test_frames_of_all_sizes_come_back_as_they_were(self):
        sizes = range(15, 1515, 1 if time_factor() < 2 else 50)
        frames = [frame(TEST_TYPE, self.content(size - 14)) for size in sizes]
        for words in some(("buffer=2048", f"features={ALL & ~MERGEABLE:#x}",
                           f"features={ALL & ~EVENT_IDX & ~INDIRECT:#x}", "buffer=128")):
            self.check(frames, words)

    def large_frames(self):
        return [tcp_frame(self.content(segments * 1448)) for segments in range(2, 46)]

    def test_large_frames_come_back_as_they_were(self):
        for words in ("buffer=2048", f"features={ALL & ~MERGEABLE:#x} buffer=65600"):
            self.check(self.large_frames(), words, IP_TYPE)

    def test_a_large_frame_now_and_then_among_small_ones(self):
        small = [tcp_frame(self.content(100)) for _ in range(20)]
        frames = [one for large in self.large_frames()[::6] for one in [*small, large]]
        self.check(frames, "buffer=2048", IP_TYPE)

    def test_two_queue_pairs_share_the_flows(self):
        frames = [udp_frame(port, self.content(200)) for port in range(1000, 1000 + amount(640))]
        with self.wire(queues=2) as wire:
            skiff = self.drive(f"pairs=2 echo:{len(frames)}", ",queues=2")
            for one in frames:
                wire.send(one)
            back = self.collect(wire, len(frames), IP_TYPE)
            told = self.end(skiff)[f"echo:{len(frames)}"]
        self.assertCountEqual(back, frames)
        pairs = [int(number) for number in re.search(r"pairs (\d+) (\d+)", told).groups()]
        self.assertEqual(sum(pairs), len(frames))
        self.assertGreater(min(pairs), 0)


class Bulk(NetTestCase):
    """64 MiB each way, in frames of 64 KiB and less in small ones, with one queue pair and with two."""

    LARGE_FRAMES = amount(64 * MIB) // LARGE + 1
    SMALL_FRAMES = amount(8000)

    def receive(self, frames, header, pairs):
        total = sum(map(len, frames))
        with self.subTest(pairs=pairs, size=len(frames[0])), self.wire(pairs) as wire:
            skiff = self.drive(f"pairs={pairs} buffer=4096 receive:{total}", f",queues={pairs}")
            for one in frames:
                wire.send(one, header)
            told = self.end(skiff)[f"receive:{total}"]
            self.assertRegex(told, rf"frames {len(frames)} bytes {total} sum {sum_of(frames)} ")

    def send(self, count, size, ethernet_type, pairs):
        word = f"send:{count}:{size}:{pairs - 1}"
        with self.subTest(pairs=pairs, size=size), self.wire(pairs) as wire:
            skiff = self.drive(f"pairs={pairs} {word}", f",queues={pairs}")
            frames = self.collect(wire, count, ethernet_type)
            told = self.end(skiff)[word]
            self.assertRegex(told, rf"frames {count} bytes {count * size} sum {sum_of(frames)} ")
            self.assertEqual({len(one) for one in frames}, {size})
            self.assertEqual(len(set(frames)), count)

    def test_what_the_guest_receives_is_what_was_sent(self):
        large = [tcp_frame(self.content(LARGE - 54)) for _ in range(self.LARGE_FRAMES)]
        small = [frame(TEST_TYPE, self.content(1500)) for _ in range(self.SMALL_FRAMES)]
        for frames, header, pairs in some(((large, TCP_SEGMENTS, 1), (small, Wire.HEADER, 1),
                                           (large, TCP_SEGMENTS, 2))):
            self.receive(frames, header, pairs)

    def test_what_the_guest_sends_is_what_arrives(self):
        for count, size, ethernet_type, pairs in some(
                ((self.LARGE_FRAMES, LARGE, IP_TYPE, 1), (self.SMALL_FRAMES, 1514, TEST_TYPE, 1),
                 (self.LARGE_FRAMES, LARGE, IP_TYPE, 2))):
            self.send(count, size, ethernet_type, pairs)


class ResetsUnderTraffic(NetTestCase):
    def make_noise(self, wire, over):
        noise = frame(OTHER_TYPE, self.content(500))
        while not over.is_set():
            try:
                wire.send(noise, seconds=0)
            except OSError as error:
                # The TAP is full, or nobody has it open yet.
                if error.errno not in (errno.ENOBUFS, errno.ENETDOWN):
                    raise
                over.wait(0.001)

    def test_a_device_comes_up_again_and_again_under_traffic(self):
        frames = [frame(TEST_TYPE, self.content(300)) for _ in range(50)]
        with self.wire() as wire:
            over = threading.Event()
            thread = threading.Thread(target=self.make_noise, args=(wire, over))
            thread.start()
            try:
                skiff = self.drive("again:12 echo:50")
                skiff.expect("(again:12: ok[^\n]*\n(ready\n)?){12}", 40)
            finally:
                over.set()
                thread.join()
            for one in frames:
                wire.send(one)
            self.assertEqual(self.collect(wire, 50), frames)
            self.end(skiff)


class RateLimits(NetTestCase):
    """Two mebibytes a second; a tenth of a second's worth passes at once."""

    COUNT, SIZE = 1000, 1514
    LEAST = (COUNT * SIZE / (2 * MIB) - 0.1) * 0.95

    def check_time(self, told):
        seconds = int(re.search(r"us (\d+)", told)[1]) / 1e6
        self.assertGreater(seconds, self.LEAST)
        self.assertLess(seconds, 5 * self.LEAST * time_factor())

    def test_of_what_comes_in(self):
        word = f"receive:{self.COUNT * self.SIZE}"
        with self.wire() as wire:
            skiff = self.drive(word, ",bw-in=2M/s")
            for _ in range(self.COUNT):
                wire.send(frame(TEST_TYPE, self.content(self.SIZE - 14)))
            self.check_time(self.end(skiff)[word])

    def test_of_what_goes_out(self):
        word = f"send:{self.COUNT}:{self.SIZE}"
        with self.wire():
            self.check_time(self.end(self.drive(word, ",bw-out=2M/s"))[word])


if __name__ == "__main__":
    main(needs=("kvm", "payloads", "tap"))
