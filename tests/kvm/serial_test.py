# SPDX-License-Identifier: Apache-2.0
"""The serial console: every byte arrives, in both directions, however slow the other side is."""

import os
import pty
import select
import signal
import socket
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import (  # noqa: E402
    SkiffTestCase, SlowReader, amount, checksum, main, some, time_factor)

END_OF_TRANSMISSION = b"\x04"
# What skiff keeps for a slow reader before it holds the guest back.
BUFFER_SIZE = 65536
SIZE = amount(10_000)


def numbered_lines(size):
    """What the payload serial_output sends."""
    letters = "".join(chr(ord("a") + i % 26) for i in range(9, 63))
    lines = (f"{number:08d} {letters}\n" for number in range(size // 64 + 1))
    return "".join(lines).encode()[:size]


class SerialOutput(SkiffTestCase):
    def assert_same(self, got, wanted):
        """Says where the first difference is, not all of the two."""
        if got == wanted:
            return
        at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b),
                  min(len(got), len(wanted)))
        self.fail(f"{len(got)} bytes came of {len(wanted)}; they differ at {at}: "
                  f"{got[at - 40:at + 40]!r} instead of {wanted[at - 40:at + 40]!r}")

    def test_a_mebibyte_arrives_complete_through_a_slow_reader(self):
        size = amount(1 << 20)
        reader = SlowReader(slow_bytes=amount(50_000), chunk=256, pause=0.005, pipe_size=4096)
        skiff = self.start_payload("serial_output", f"bytes={size}", slow_reader=reader)
        skiff.expect("00000001")
        if size > BUFFER_SIZE:
            self.stall(skiff)
        finished = skiff.wait(100)
        self.assert_same(finished.output, numbered_lines(size))
        self.assertEqual(finished.status, 0)

    def test_a_guest_that_never_looks_at_the_line_status_is_held_back_too(self):
        size = max(amount(150_000), BUFFER_SIZE + 30_000)
        reader = SlowReader(pipe_size=4096)
        skiff = self.start_payload("serial_output", f"bytes={size} wait=none", slow_reader=reader)
        skiff.expect("00000001")
        skiff.stdout.may_read.clear()
        # Its vCPU sleeps in the middle of a write: no processor time is used any more.
        self.wait_until(lambda: self.is_idle(skiff), "the guest is held back", 100)
        skiff.stdout.may_read.set()
        self.assert_same(skiff.wait(100).output, numbered_lines(size))

    def stall(self, skiff):
        """Nobody reads until the pipe and the buffer behind it are full for certain: a guest sends a
        byte in about 10 us of processor time, and goes on polling while it is held back."""
        skiff.stdout.may_read.clear()
        spent = skiff.cpu_seconds()
        self.wait_until(lambda: skiff.cpu_seconds() - spent > 4.0, "4 s of processor time", 100)
        skiff.stdout.may_read.set()

    @staticmethod
    def is_idle(skiff):
        spent = skiff.cpu_seconds()
        time.sleep(0.3)
        return skiff.cpu_seconds() == spent

    def test_output_that_ends_with_a_power_off_reaches_a_reader_who_comes_late(self):
        size = 6000
        reader = SlowReader(start_after=1.0, pipe_size=4096)
        finished = self.run_payload("serial_output", f"bytes={size}", slow_reader=reader)
        self.assert_same(finished.output, numbered_lines(size))
        self.assertEqual(finished.status, 0)

    def test_a_reader_that_goes_away_ends_neither_in_a_crash_nor_in_a_hang(self):
        reader = SlowReader(close_after=1000)
        finished = self.run_payload("serial_output", f"bytes={amount(200_000)}", slow_reader=reader)
        self.assertIn(finished.status, (0, 1))


class SerialInput(SkiffTestCase):
    def read_back(self, mode, data, **options):
        skiff = self.start_payload("serial_input", f"mode={mode}", stdin="pipe", **options)
        skiff.expect("ready\n")
        skiff.send(data + END_OF_TRANSMISSION)
        finished = skiff.wait(40)
        self.assertIn(f"received {len(data)} checksum {checksum(data)}\n", finished.text)
        self.assertEqual(finished.status, 0)

    def test_polled_input(self):
        self.read_back("poll", b"some words\n")

    def test_input_by_interrupt(self):
        self.read_back("interrupt", b"some words\n")

    def test_one_hundred_kilobytes_pasted_at_once_arrive_by_polling(self):
        self.read_back("poll", bytes(5 + i * 7 % 251 for i in range(amount(100_000))))

    def test_one_hundred_kilobytes_pasted_at_once_arrive_by_interrupt(self):
        self.read_back("interrupt", bytes(5 + i * 7 % 251 for i in range(amount(100_000))))

    def test_input_is_echoed_in_order(self):
        skiff = self.start_payload("serial_input", "mode=interrupt echo=1", stdin="pipe")
        skiff.expect("ready\n")
        for word in ("one ", "two ", "three "):
            skiff.send(word)
            skiff.expect(word)
        skiff.send(END_OF_TRANSMISSION)
        self.assertEqual(skiff.wait().status, 0)

    def test_input_that_waits_in_the_pipe_before_the_start_is_not_lost(self):
        data = b"typed ahead: " + bytes(range(0x20, 0x7f)) * 3
        skiff = self.start_payload("serial_input", "mode=interrupt", stdin="pipe")
        skiff.send(data + END_OF_TRANSMISSION)
        finished = skiff.wait()
        self.assertIn(f"received {len(data)} checksum {checksum(data)}\n", finished.text)

    def test_end_of_file_on_standard_input_costs_no_processor_time(self):
        skiff = self.start_payload("hang", "mode=halt", stdin="null")
        skiff.expect("hanging")
        before = skiff.cpu_seconds()
        time.sleep(1.0)
        self.assertLess(skiff.cpu_seconds() - before, 0.1)
        self.assertIsNone(skiff.process.poll())


class SerialBackends(SkiffTestCase):
    def test_output_goes_to_a_file(self):
        path = self.folder() / "console.txt"
        finished = self.run_payload("serial_output", f"bytes={SIZE}", "--serial", f"file={path}")
        self.assertEqual(finished.status, 0)
        self.assertEqual(path.read_bytes(), numbered_lines(SIZE))
        self.assertEqual(finished.output, b"")

    def test_output_goes_nowhere(self):
        finished = self.run_payload("serial_output", f"bytes={SIZE}", "--serial", "none")
        self.assertEqual(finished.status, 0)
        self.assertEqual(finished.output, b"")

    def test_both_directions_through_a_pseudo_terminal(self):
        skiff = self.start_payload("serial_input", "mode=interrupt echo=1", "--serial", "pty")
        # The path is announced on standard output or standard error.
        self.wait_until(lambda: b"/dev/pts/" in skiff.output + skiff.errors, "the terminal's path")
        said = (skiff.output + skiff.errors).decode()
        path = "/dev/pts/" + said.split("/dev/pts/", 1)[1].split()[0].strip(".,;'\"")
        terminal = os.open(path, os.O_RDWR | os.O_NOCTTY)
        self.addCleanup(os.close, terminal)
        self.read_until(terminal, b"ready")
        os.write(terminal, b"through a terminal")
        self.read_until(terminal, b"through a terminal")
        os.write(terminal, END_OF_TRANSMISSION)
        self.assertEqual(skiff.wait().status, 0)

    def test_both_directions_through_a_unix_socket(self):
        path = self.folder() / "console.sock"
        skiff = self.start_payload("serial_input", "mode=interrupt echo=1", "--serial",
                                   f"unix={path}")
        client = socket.socket(socket.AF_UNIX)
        self.addCleanup(client.close)
        self.wait_until(lambda: self.can_connect(client, path), "the socket")
        client.sendall(b"through a socket")
        self.read_until(client.fileno(), b"through a socket")
        client.sendall(END_OF_TRANSMISSION)
        self.assertEqual(skiff.wait().status, 0)

    @staticmethod
    def can_connect(client, path):
        try:
            client.connect(str(path))
        except OSError:
            return False
        return True

    def read_until(self, descriptor, wanted, seconds=20):
        data = b""
        end = time.monotonic() + seconds * time_factor()
        while wanted not in data:
            ready, _, _ = select.select([descriptor], [], [], max(0, end - time.monotonic()))
            if not ready:
                self.fail(f"{wanted!r} did not come, only {data!r}")
            data += os.read(descriptor, 4096)
        return data


class Terminal(SkiffTestCase):
    def test_the_terminal_is_raw_while_the_guest_runs_and_restored_after(self):
        skiff = self.start_payload("serial_input", "mode=interrupt echo=1", stdin="terminal")
        skiff.expect("ready")
        raw = skiff.terminal_attributes()
        self.assertFalse(raw[3] & self.flag("ICANON"))
        self.assertFalse(raw[3] & self.flag("ECHO"))
        self.assertFalse(raw[3] & self.flag("ISIG"))
        # Ctrl-C belongs to the guest.
        skiff.send(b"\x03x")
        skiff.expect("\x03x")
        skiff.send(END_OF_TRANSMISSION)
        self.assertEqual(skiff.wait().status, 0)
        self.assert_cooked(skiff)

    def test_the_terminal_is_restored_when_a_signal_ends_skiff(self):
        for number in some((signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGQUIT,
                            signal.SIGSEGV)):
            with self.subTest(signal=number.name):
                skiff = self.start_payload("hang", "mode=halt", "--grace", "0", stdin="terminal")
                skiff.expect("hanging")
                skiff.signal(number)
                skiff.wait()
                self.assert_cooked(skiff)

    def test_control_right_bracket_and_q_leave_with_a_message(self):
        skiff = self.start_payload("hang", "mode=halt", stdin="terminal")
        skiff.expect("hanging")
        skiff.send(b"\x1dq")
        finished = skiff.wait()
        self.assertEqual(finished.status, 0)
        self.assertIn("quit from the console", finished.error_text)
        self.assert_cooked(skiff)

    def test_the_menu_shows_the_machine_presses_the_power_button_and_gives_the_terminal_back(self):
        skiff = self.start_payload("power_button", stdin="terminal")
        skiff.expect("waiting")
        skiff.send(b"\x1d")
        skiff.expect(r"\r\nskiff: q quit, .*\r\nskiff> ")
        skiff.send(b"?\r")
        skiff.expect(r"b SIZE .*\r\n(.*\r\n)+skiff> ")
        skiff.send(b"b 64M\r")
        skiff.expect(r"this machine has no balloon: start it with --balloon\r\n")
        skiff.send(b"\x1di\r")
        skiff.expect(r"machine: running for \d+ s, 1 vCPUs, 256 MiB of memory\r\n"
                     r"rng: queue 0: 0 chains, .*\r\n")
        skiff.send(b"\x1dp\r")
        finished = skiff.wait()
        self.assertEqual(finished.status, 0)
        self.assertIn("the guest powered off", finished.error_text)
        self.assert_cooked(skiff)

    def test_output_waits_while_the_menu_is_open_and_input_goes_on_after_it(self):
        skiff = self.start_payload("serial_input", "mode=interrupt echo=1", stdin="terminal")
        skiff.expect("(?=ready)")
        # What is typed in one go before the menu is echoed behind it: then the screen is free again.
        skiff.send(b"one\x1d")
        skiff.expect(r"ready\r*\n\r\nskiff: .*\r\nskiff> ")
        skiff.send(b"\rtwo")
        skiff.expect(r"\r\nonetwo")
        skiff.send(b"\x1d\x1dthree")
        skiff.expect(r"\r\nskiff: .*\r\nskiff> \r\n\x1dthree")
        skiff.send(END_OF_TRANSMISSION)
        finished = skiff.wait()
        self.assertIn(f"received 12 checksum {checksum(b'onetwo' + bytes([29]) + b'three')}",
                      finished.text)

    def assert_cooked(self, skiff):
        attributes = skiff.terminal_attributes()
        for name in ("ICANON", "ECHO", "ISIG"):
            self.assertTrue(attributes[3] & self.flag(name), name)

    @staticmethod
    def flag(name):
        import termios

        return getattr(termios, name)


if __name__ == "__main__":
    main()
