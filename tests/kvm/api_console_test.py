# SPDX-License-Identifier: Apache-2.0
"""GET /v1/console: the guest's console as a WebSocket, for several clients at once."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase, open_files  # noqa: E402
from skiff_runner import amount, checksum, main  # noqa: E402
from websocket_client import BINARY, CLOSE, CONTINUATION, PING, TEXT, WebSocket, frame  # noqa: E402

KEPT = 64 * 1024
READY = rb"ready"


class ConsoleTestCase(ApiTestCase):
    def attach(self, **options):
        client = WebSocket(self.socket, **options)
        self.addCleanup(client.close)
        self.assertEqual(client.status, 101)
        return client

    def echoing(self, arguments="mode=interrupt echo=1", *options, **how):
        """A guest that sends back what it gets, until 0x04."""
        skiff, client = self.serve(*options, **how)
        self.describe(client, "serial_input", arguments)
        self.begin(client)
        skiff.expect("ready")
        return skiff, client


class Typing(ConsoleTestCase):
    def test_what_is_typed_reaches_the_guest_and_all_see_the_same(self):
        skiff, _ = self.echoing()
        first, second = self.attach(), self.attach()
        for client in (first, second):
            client.expect(READY)  # which was printed before they came
        first.type(b"one ")
        for client in (first, second):
            client.expect(rb"one ")
        second.send(BINARY, b"t", last=False)
        second.send(PING, b"are you there")
        second.send(CONTINUATION, b"wo\x04")
        closed = [client.until_closed() for client in (first, second)]
        self.assertEqual(closed, [(1000, "the microVM has ended")] * 2)
        self.assertEqual(second.pongs, [b"are you there"])
        self.assertEqual(first.output, second.output)
        finished = skiff.wait()
        self.assertEqual(finished.status, 0)
        self.assertIn(f"received 7 checksum {checksum(b'one two')}", finished.text)
        # Whoever reads skiff's own output gets all of it too.
        self.assertEqual(first.output, finished.output)

    def test_what_the_guest_does_not_read_stays_with_who_types(self):
        data = bytes(range(5, 256)) * amount(300)
        skiff, client = self.echoing(f"mode=interrupt count={len(data)}")
        console = self.attach()
        self.accepted(client.patch("/vm", {"state": "Paused"}))
        console.socket.settimeout(0.3)
        sent = 0
        stream = b"".join(frame(BINARY, data[at:at + 1000]) for at in range(0, len(data), 1000))
        try:
            while sent < len(stream):
                sent += console.socket.send(stream[sent:sent + 4096])
        except TimeoutError:
            pass
        self.assertEqual(self.state(client), "Paused")
        self.accepted(client.patch("/vm", {"state": "Resumed"}))
        console.socket.settimeout(60)
        console.socket.sendall(stream[sent:])
        finished = skiff.wait(60)
        self.assertIn(checksum(data), finished.text)

    def test_a_machine_of_skiff_run_with_a_console_on_the_same_terminal(self):
        skiff = self.start_payload("serial_input", "mode=interrupt echo=1", "--api-sock", self.socket,
                                   stdin="terminal")
        skiff.expect("ready")
        console = self.attach()
        skiff.send("from the terminal,")
        console.expect(rb"from the terminal,")
        console.type(b"from afar")
        skiff.expect("from afar")
        console.type(b"\x04")
        self.assertEqual(skiff.wait().status, 0)

    def test_the_virtio_console_gets_the_keys_and_the_window(self):
        skiff = self.start_payload("virtio_console", "test=ports", "--console", "virtio", "--api-sock",
                                   self.socket)
        skiff.expect("port 0 is a console")
        console = self.attach()
        for columns, rows in ((132, 43), (80, 25)):
            console.tell({"resize": {"columns": columns, "rows": rows}})
            skiff.expect(f"port 0 has {columns} columns, {rows} rows")
        console.type(b"\x04")
        self.assertEqual(skiff.wait().status, 0)


class Readers(ConsoleTestCase):
    def test_one_that_comes_late_finds_the_end_of_the_output(self):
        skiff, client = self.serve()
        self.describe(client, "serial_output", f"bytes={KEPT + 4096}")
        self.begin(client)
        skiff.expect(rf"{(KEPT + 4096) // 64 - 1:08} ", seconds=60)
        early = self.attach()
        early.until_closed()
        finished = skiff.wait()
        self.assertEqual(early.texts, [])  # what was before its time is not lost
        self.assertTrue(finished.output.endswith(early.output))
        self.assertGreaterEqual(len(early.output), KEPT)

    def test_one_that_does_not_read_stalls_nobody_and_is_told_what_it_has_lost(self):
        skiff = self.start_payload("virtio_console", "test=echo", "--console", "virtio", "--api-sock",
                                   self.socket)
        skiff.expect("ready")
        slow, other = self.attach(), self.attach()
        other.expect(READY)
        line = b"0123456789abcdef" * 240
        lines = amount(250)  # more than its socket and the tap hold
        for number in range(lines):
            other.type(line + b"%06d" % number)
            other.expect(rb"%06d" % number)
            other.output = b""
        self.assertEqual(self.state(self.client()), "Running")
        if lines == 250:
            while not slow.texts:
                slow.receive()
        other.type(b"\x04")
        slow.until_closed()
        finished = skiff.wait(60)
        self.assertEqual(finished.status, 0)
        lost = sum(text["lost"] for text in slow.texts)
        self.assertEqual(len(slow.output) + lost, len(finished.output))

    def test_a_hundred_come_and_go_and_leave_nothing(self):
        skiff, client = self.echoing()
        self.assertEqual(self.state(client), "Running")
        before = open_files(skiff.pid)
        for number in range(amount(100)):
            console = WebSocket(self.socket)
            self.assertEqual(console.status, 101)
            if number % 2:
                console.send(CLOSE, b"\x03\xe8")
                self.assertEqual(console.until_closed(), (1000, ""))
            console.close()
        self.wait_until(lambda: open_files(skiff.pid) == before, "all are closed")
        consoles = [self.attach() for _ in range(8)]
        self.assertEqual(WebSocket(self.socket).status, 503)
        self.assertEqual(self.state(client), "Running")
        consoles[7].type(b"x")
        consoles[0].expect(rb"x$")


class Rules(ConsoleTestCase):
    def test_frames_that_break_them_close_the_connection_and_nothing_else(self):
        skiff, client = self.echoing()
        good = self.attach()
        for bytes_, code in ((frame(BINARY, b"x", masked=False), 1002), (frame(3, b"x"), 1002),
                             (frame(BINARY, b"", length=1 << 40), 1009),
                             (frame(CONTINUATION, b"x"), 1002), (frame(TEXT, b"\xff"), 1007),
                             (frame(PING, b"x" * 126), 1002), (b"\xff" * 1000, 1002),
                             (frame(BINARY, b"x" * 60_000, last=False)
                              + frame(CONTINUATION, b"x" * 60_000), 1009)):
            with self.subTest(bytes=bytes_[:20]):
                bad = self.attach()
                bad.socket.sendall(bytes_)
                self.assertEqual(bad.until_closed()[0], code)
        self.assertEqual(self.state(client), "Running")
        good.type(b"still here\x04")
        good.until_closed()
        self.assertIn(b"still here", good.output)
        self.assertEqual(skiff.wait().status, 0)

    def test_a_flood_of_pings_that_nobody_reads_the_answers_of_is_not_kept(self):
        skiff, client = self.echoing()
        flood = self.attach(receive_buffer=1)
        flood.socket.settimeout(0.5)  # so long nothing is taken any more
        pings = frame(PING, b"x" * 125) * 100
        sent = 0
        try:
            while sent < 16 << 20:
                sent += flood.socket.send(pings)
        except TimeoutError:
            pass
        self.assertEqual(self.state(client), "Running")
        self.assertLess(sent, 4 << 20)
        other = self.attach()
        other.type(b"x\x04")
        self.assertEqual(other.until_closed()[0], 1000)
        self.assertEqual(skiff.wait().status, 0)

    def test_texts_that_are_no_control_messages_are_answered(self):
        self.echoing()
        console = self.attach()
        for message, error in (({}, "resize"), ({"resize": {"columns": 0, "rows": 1}}, "columns"),
                               ({"resize": {"columns": 80, "rows": 25, "x": 1}}, "resize.x"),
                               ([], "object")):
            console.tell(message)
            while not console.texts:
                console.receive()
            self.assertIn(error, console.texts.pop()["error"])
        console.send(TEXT, b"{")
        while not console.texts:
            console.receive()
        console.tell({"resize": {"columns": 80, "rows": 25}})  # a serial port has no window
        console.type(b"x")
        console.expect(rb"x$")

    def test_what_is_no_websocket_is_told_so(self):
        skiff, client = self.serve()
        self.assertEqual(client.get("/v1/console").status, 400)
        self.describe(client, "hang")
        self.begin(client)
        skiff.expect("hanging")
        answer = client.get("/v1/console")
        self.assertEqual((answer.status, answer.headers["Upgrade"]), (426, "websocket"))
        self.assertIn("upgrade", answer.fault)
        self.assertEqual(client.put("/v1/console", {}).headers["Allow"], "GET")


if __name__ == "__main__":
    main()
