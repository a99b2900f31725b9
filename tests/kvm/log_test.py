# SPDX-License-Identifier: Apache-2.0
"""The log: its lines, as text and as JSON, files that are moved away, readers that do not read."""

import fcntl
import functools
import json
import os
import pty
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase  # noqa: E402
from skiff_runner import main, payload_path, skiff_path, time_factor  # noqa: E402

STOPPED_BY_SIGTERM = 128 + signal.SIGTERM
STOPPED_BY_SIGHUP = 129
TIME = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}[+-]\d\d:\d\d"


class Fifo:
    """A FIFO that is read when the test wants it."""

    def __init__(self, path):
        os.mkfifo(path)
        self.path = path
        self._reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)

    def read(self):
        text = b""
        while True:
            try:
                chunk = os.read(self._reader, 1 << 16)
            except BlockingIOError:
                return text.decode()
            if not chunk:
                return text.decode()
            text += chunk

    def close(self):
        os.close(self._reader)


class Lines(ApiTestCase):
    def test_a_line_of_text_has_time_id_thread_and_level(self):
        log = self.scratch / "log"
        finished = self.run_payload("hello", "", "--name", "vm%1", "--log-file", log)
        self.assertEqual((finished.status, finished.error_text), (0, ""))
        self.assertRegex(log.read_text(), rf"(?m)^{TIME} \[vm%1:\d+:info\] the guest .*\(status 0\)$")

    def test_a_json_line_has_them_by_name_wherever_it_goes(self):
        log = self.scratch / "log"
        for arguments in (("--log-file", log), ()):
            with self.subTest(arguments=arguments):
                skiff = self.start_payload("hello", "", "--name", '"name"', "--log-format", "json",
                                           *arguments)
                finished = skiff.wait()
                text = log.read_text() if arguments else finished.error_text
                lines = [json.loads(line) for line in text.splitlines()]
                self.assertEqual(set(lines[-1]), {"timestamp", "level", "id", "thread", "thread_name",
                                                  "message"})
                self.assertRegex(lines[-1].pop("timestamp"), rf"^{TIME}$")
                message = lines[-1].pop("message")
                self.assertRegex(message, r"^the guest .*\(status 0\)$")
                self.assertEqual(lines[-1], {"level": "info", "id": '"name"', "thread": skiff.pid,
                                             "thread_name": "skiff"})

    def test_an_object_begins_at_the_left_of_a_raw_terminal(self):
        master, slave = pty.openpty()
        self.addCleanup(os.close, master)
        process = subprocess.Popen(
            [skiff_path(), "run", payload_path("hang"), "-a", "mode=halt", "--grace", "0",
             "--log-format", "json"], stdin=slave, stdout=slave, stderr=slave)
        self.addCleanup(process.kill)
        os.close(slave)
        told = bytearray()

        def read_until(text):
            while text not in told or not told.endswith(b"\n"):
                told.extend(os.read(master, 4096))

        read_until(b"hanging")
        process.send_signal(signal.SIGTERM)
        read_until(b"asking the guest")  # the terminal is raw until the guest has stopped
        self.assertRegex(bytes(told), rb"asking the guest[^\n]*\}\r\n")
        self.assertEqual(process.wait(20 * time_factor()), STOPPED_BY_SIGTERM)

    def test_a_message_of_several_lines_is_one_object(self):
        finished = self.run_payload("triple_fault", "", "--log-format", "json")
        self.assertEqual(finished.status, 71)
        messages = [json.loads(line)["message"] for line in finished.error_text.splitlines()]
        self.assertTrue(any("\n" in message for message in messages), messages)

    def test_the_api_takes_the_format_too(self):
        log = self.scratch / "log"
        skiff, client = self.serve("--id", "vm-1")
        self.accepted(client.put("/logger", {"log_path": str(log), "level": "Debug",
                                             "log_format": "Json"}))
        client.get("/version")
        self.describe(client, "hello")
        self.begin(client)
        self.assertEqual(skiff.wait().status, 0)
        lines = [json.loads(line) for line in log.read_text().splitlines()]
        self.assertIn("API: GET /version: 200", [line["message"] for line in lines
                                                 if line["thread_name"] == "api"])
        self.assertEqual({line["id"] for line in lines}, {"vm-1"})

    def test_a_wrong_format_is_refused_with_what_there_is(self):
        for arguments in (("run", "k", "--log-format", "xml"), ("--log-format", "xml")):
            finished = self.run_skiff(*arguments)
            self.assertEqual(finished.status, 2)
            self.assertRegex(finished.error_text, r"^skiff: --log-format: 'xml'.*text or json\n$")


class Rotation(ApiTestCase):
    def test_sighup_reopens_a_log_that_was_moved_away(self):
        log, old = self.scratch / "log", self.scratch / "log.1"
        skiff, client = self.serve("--log-path", log, "--level", "Debug")
        for state in ("described", "running"):
            with self.subTest(state=state):
                if state == "running":
                    self.describe(client, "hang", "mode=halt")
                    self.begin(client)
                    skiff.expect("hanging")
                client.get("/version")
                log.rename(old)
                skiff.signal(signal.SIGHUP)
                self.wait_until(lambda: log.exists() and "1 of 1 files were reopened"
                                in log.read_text(), "the log is there again")
                before = old.read_text()
                client.get("/machine-config")
                self.wait_until(lambda: "GET /machine-config" in log.read_text(), "it is written")
                self.assertEqual(old.read_text(), before)
                self.assertIn("GET /version", before)
        self.assertEqual(self.state(client), "Running")

    def test_a_log_that_cannot_be_reopened_is_written_on(self):
        log, old = self.scratch / "log", self.scratch / "log.1"
        skiff, client = self.serve("--log-path", log)
        self.assertEqual(self.state(client), "Not started")
        log.rename(old)
        log.mkdir()
        skiff.signal(signal.SIGHUP)
        self.wait_until(lambda: "0 of 1 files were reopened" in old.read_text(), "that is said")
        self.assertIn(f"SIGHUP: cannot open the log file '{log}': Is a directory; the old one is "
                      "written on", old.read_text())

    def test_without_a_file_sighup_stops(self):
        for started in (False, True):
            with self.subTest(started=started):
                skiff, client = self.serve()
                if started:
                    self.describe(client, "hang", "mode=halt")
                    self.begin(client)
                    skiff.expect("hanging")
                    skiff.signal(signal.SIGHUP)
                    skiff.expect("asking the guest", stream="stderr")
                self.state(client)
                skiff.signal(signal.SIGHUP)
                self.assertEqual(skiff.wait().status, STOPPED_BY_SIGHUP)

    def test_where_the_terminal_has_gone_sighup_stops_all_the_same(self):
        log, console = self.scratch / "log", self.scratch / "console"
        master, slave = pty.openpty()
        process = subprocess.Popen(
            [skiff_path(), "run", payload_path("hang"), "-a", "mode=halt", "--grace", "0",
             "--log-file", str(log), "--serial", f"file={console}"], stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=functools.partial(fcntl.ioctl, 0, termios.TIOCSCTTY, 0))
        self.addCleanup(process.kill)
        os.close(slave)
        try:
            self.wait_until(lambda: console.exists() and "hanging" in console.read_text(),
                            "the guest runs")
            process.send_signal(signal.SIGHUP)
            self.wait_until(lambda: "1 of 1 files were reopened" in log.read_text(), "it is reopened")
        finally:
            os.close(master)  # as when a window is closed
        self.assertEqual(process.wait(20 * time_factor()), STOPPED_BY_SIGHUP)


class LostLines(ApiTestCase):
    def test_lines_that_a_fifo_does_not_take_are_counted_and_told_of(self):
        fifo = Fifo(self.scratch / "log")
        self.addCleanup(fifo.close)
        _, client = self.serve("--log-path", fifo.path, "--level", "Debug")
        asked = 3000  # more lines than a pipe holds
        for _ in range(asked):
            client.get("/version")
        text = fifo.read()
        self.assertNotIn("were lost", text)
        kept = text.count("GET /version")
        self.assertLess(kept, asked)
        client.get("/machine-config")
        text = fifo.read()
        told = re.search(r"(\d+) lines of the log were lost here", text)
        self.assertEqual(kept + int(told[1]), asked)
        self.assertLess(told.start(), text.index("GET /machine-config"))
        client.get("/machine-config")
        self.assertNotIn("were lost", fifo.read())

    def test_nothing_waits_for_a_standard_error_that_nobody_reads(self):
        skiff, client = self.serve("--level", "Debug")
        skiff.stderr.may_read.clear()
        asked = 3000
        for _ in range(asked):
            client.get("/version")
        self.describe(client, "hang", "mode=halt")
        self.begin(client)
        skiff.expect("hanging")
        skiff.stderr.may_read.set()
        skiff.expect(r"API: GET /version", stream="stderr")
        # What came before is read by the time that a further line is.
        self.wait_until(lambda: client.get("/machine-config") and b"were lost" in skiff.errors,
                        "the loss is told of")
        lost = int(re.search(rb"(\d+) lines of the log were lost", skiff.errors)[1])
        self.assertGreater(lost, 100)


if __name__ == "__main__":
    main()
