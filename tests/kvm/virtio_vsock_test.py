# SPDX-License-Identifier: Apache-2.0
"""Many streams between programs of the host and a freestanding guest: checksums, half closes, peers that
die, and peers that never read."""

import random
import re
import selectors
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, amount, main, time_factor  # noqa: E402

KIB = 1024
STREAMS = 100 if time_factor() < 2 else 20
FIRST_HOST_PORT = 1 << 30
# What docs/devices/virtio-vsock.md promises.
LARGE_BUFFER = 256 * KIB
BLOCK = b"".join(((at * 0x9E3779B97F4A7C15) % (1 << 64)).to_bytes(8, "little")
                 for at in range(0, 60 * KIB, 8))


def own_memory_kib(pid):
    """Resident anonymous memory, but for the guest's, which is by far the largest mapping."""
    total = size = 0
    for line in Path(f"/proc/{pid}/smaps").read_text().splitlines():
        key, _, value = line.partition(":")
        if key == "Size":
            size = int(value.split()[0])
        elif key == "Anonymous" and size < 32 * KIB:
            total += int(value.split()[0])
    return total


class Client:
    """A program of the host on one stream: sends `data`, ends its direction, and reads to the end."""

    def __init__(self, path, port, data):
        self.rest = memoryview(data)
        self.data = data
        self.got = bytearray()
        self.ended = False
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(str(path))
        # At once: so many silent clients would keep others out for a time.
        self.socket.sendall(b"CONNECT %d\n" % port)
        self.socket.setblocking(False)

    def step(self, events):
        if events & selectors.EVENT_WRITE:
            try:
                self.rest = self.rest[self.socket.send(self.rest):]
            except BlockingIOError:
                pass
            if not self.rest:
                self.socket.shutdown(socket.SHUT_WR)
        if events & selectors.EVENT_READ:
            part = self.socket.recv(65536)
            self.got += part
            self.ended = not part

    def wants(self):
        return selectors.EVENT_READ | (selectors.EVENT_WRITE if self.rest else 0)


class VsockTest(SkiffTestCase):
    def setUp(self):
        super().setUp()
        self.path = self.folder() / "v.sock"

    def start_guest(self, parameters, *arguments):
        skiff = self.start_payload("virtio_vsock", parameters, "-m", "64M",
                                   "--vsock", f"cid=7,path={self.path}", *arguments)
        return skiff

    def listen(self, port):
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(f"{self.path}_{port}")
        listener.listen(512)
        listener.settimeout(20 * time_factor())
        return listener

    def run_clients(self, clients, also=lambda: None):
        deadline = time.monotonic() + 60 * time_factor()
        selector = selectors.DefaultSelector()
        for client in clients:
            self.addCleanup(client.socket.close)
            selector.register(client.socket, client.wants(), client)
        left = len(clients)
        while left:
            self.assertLess(time.monotonic(), deadline, f"{left} streams do not end")
            for key, events in selector.select(1):
                client = key.data
                client.step(events)
                if client.ended:
                    selector.unregister(client.socket)
                    left -= 1
                else:
                    selector.modify(client.socket, client.wants(), client)
                also()

    def test_100_parallel_streams_arrive_whole_with_half_closes_and_a_peer_killed_in_the_midst(self):
        skiff = self.start_guest(f"mode=echo streams={STREAMS + 2}", "-v")
        skiff.expect(r"ready, cid 7\n")
        size = amount(16 * KIB) + 1234
        clients = [Client(self.path, 1000 + i, random.Random(i).randbytes(size + i))
                   for i in range(STREAMS)]
        # One that reads nothing and dies with answers unread, and one that dies with all read.
        unread = socket.socket(socket.AF_UNIX)
        unread.connect(str(self.path))
        unread.sendall(b"CONNECT 2000\n" + bytes(size))
        late = socket.socket(socket.AF_UNIX)
        late.connect(str(self.path))
        late.settimeout(20 * time_factor())
        late.sendall(b"CONNECT 2001\n")
        self.assertRegex(late.recv(100), rb"^OK \d+\n$")
        victims = [unread, late]

        def kill_in_the_midst():
            if victims and any(len(client.got) > 100 for client in clients):
                self.assertFalse(all(client.ended for client in clients))
                victims.pop().close()

        self.run_clients(clients, kill_in_the_midst)
        for victim in victims:
            victim.close()
        for client in clients:
            line, _, rest = bytes(client.got).partition(b"\n")
            self.assertRegex(line, rb"^OK \d+$")
            self.assertGreaterEqual(int(line[3:]), FIRST_HOST_PORT)
            self.assertEqual(rest[:-8], client.data)
            # Said after our half close, so the other half was still open.
            self.assertEqual(int.from_bytes(rest[-8:], "little"), len(client.data))
        finished = skiff.wait(30)
        self.assertEqual(finished.status, 0, finished.text)
        self.assertRegex(finished.text, rf"\n{STREAMS + 2} streams ended, [12] of them reset;")
        self.assertIn(f"{STREAMS + 2} streams from the host, 0 from the guest", finished.error_text)
        self.assertFalse(self.path.exists())

    def test_a_guest_connects_many_times_sends_and_half_closes(self):
        streams, total = 20, amount(256 * KIB)
        listener = self.listen(6000)
        skiff = self.start_guest(f"mode=pour streams={streams} port=6000 total={total}")
        for _ in range(streams):
            connection, _ = listener.accept()
            self.addCleanup(connection.close)
            connection.settimeout(20 * time_factor())
            # Each in its turn, so that the others have to wait.
            got = self.read_to_end(connection)
            self.assertEqual(len(got), total)
            self.assert_blocks(got)
            connection.sendall(len(got).to_bytes(8, "little"))
        finished = skiff.wait(30)
        self.assertIn(f"\n{streams} streams ended, 0 of them reset;", finished.text)
        self.assertEqual(finished.status, 0, finished.text)

    @staticmethod
    def read_to_end(connection):
        got = bytearray()
        while part := connection.recv(1 << 16):
            got += part
        return bytes(got)

    def assert_blocks(self, data):
        """Each packet is a beginning of the block, whose first word, zero, is nowhere else in it."""
        at = 0
        while at < len(data):
            # A packet may end within a word.
            end = data.find(bytes(8), at + 8)
            end = len(data) if end < 0 else end
            self.assertEqual(data[at:end], BLOCK[:end - at])
            at = end

    def test_host_peers_that_never_read_hold_the_guest_back_and_memory_is_bounded(self):
        streams, total = (40 if time_factor() < 2 else 5), 64 << 20
        listener = self.listen(6000)
        skiff = self.start_guest(f"mode=pour streams={streams} port=6000 total={total}", "-v")
        skiff.expect(r"ready, cid 7\n")
        before = own_memory_kib(skiff.pid)
        connections = [listener.accept()[0] for _ in range(streams)]
        for connection in connections:
            self.addCleanup(connection.close)
        stuck = int(skiff.expect(r"stuck after (\d+) bytes\n", 60)[1])
        # The kernel's socket buffers take their part; then there is ours.
        self.assertGreater(stuck, streams * LARGE_BUFFER)
        self.assertLess(stuck, streams * (LARGE_BUFFER + 1024 * KIB))
        growth = own_memory_kib(skiff.pid) - before
        print(f"{streams} streams: {stuck} bytes sent, {growth} KiB more in use", file=sys.stderr)
        if "asan" not in skiff.arguments[0] and "tsan" not in skiff.arguments[0]:
            self.assertLess(growth, streams * LARGE_BUFFER // KIB + 2048)
        # They end without a word: each stream's buffer goes with it.
        for connection in connections:
            connection.close()
        finished = skiff.wait(30)
        self.assertIn(f"\n{streams} streams ended,", finished.text)

    def test_who_is_refused_learns_it(self):
        skiff = self.start_guest("mode=pour streams=3 port=6001 total=10")
        finished = skiff.wait(30)
        self.assertIn("\n3 streams ended, 3 of them reset; 0 bytes", finished.text)

    def test_a_live_socket_is_not_taken_and_a_dead_one_is(self):
        live = socket.socket(socket.AF_UNIX)
        live.bind(str(self.path))
        live.listen()
        finished = self.start_guest("mode=echo").wait(20)
        self.assertEqual(finished.status, 2)
        self.assertRegex(finished.error_text, r"^skiff: --vsock path: .*another process listens.*\n$")
        live.close()
        skiff = self.start_guest("mode=echo streams=1")
        skiff.expect(r"ready")
        client = Client(self.path, 1, b"hello")
        self.run_clients([client])
        self.assertTrue(re.fullmatch(rb"OK \d+\nhello\x05\0{7}", bytes(client.got)), client.got)
        self.assertEqual(skiff.wait(20).status, 0)


if __name__ == "__main__":
    main()
