# SPDX-License-Identifier: Apache-2.0
"""The virtio console, driven by a freestanding driver: hvc0, named ports, and what goes wrong."""

import fcntl
import os
import re
import socket
import struct
import sys
import termios
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from serial_test import END_OF_TRANSMISSION, numbered_lines  # noqa: E402
from skiff_runner import (  # noqa: E402
    SkiffTestCase, SlowReader, amount, checksum, main, payload_path, time_factor)

CASES = 12


def in_background(call, *arguments):
    """A thread that does it, to be joined."""
    thread = threading.Thread(target=call, args=arguments, daemon=True)
    thread.start()
    return thread


def resize(terminal, columns, rows):
    """Changes the window of a terminal by its path."""
    descriptor = os.open(terminal, os.O_RDWR | os.O_NOCTTY)
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
    os.close(descriptor)


class Console(SkiffTestCase):
    def start_console(self, parameters, *arguments, **options):
        return self.start_payload("virtio_console", parameters, "--console", "virtio", *arguments,
                                  **options)

    def test_a_mebibyte_arrives_complete(self):
        size = amount(1 << 20)
        finished = self.start_console(f"bytes={size}").wait(60)
        self.assertEqual(finished.status, 0)
        self.assertTrue(finished.output == numbered_lines(size), len(finished.output))

    def test_it_arrives_complete_through_a_slow_reader_in_requests_of_any_size(self):
        size = amount(300_000)
        for chunk in (7_000, 100_000):
            with self.subTest(chunk=chunk):
                reader = SlowReader(slow_bytes=amount(30_000), chunk=256, pause=0.005,
                                    pipe_size=4096)
                skiff = self.start_console(f"bytes={size} chunk={chunk}", slow_reader=reader)
                skiff.expect("00000001")
                skiff.stdout.may_read.clear()
                time.sleep(0.2)
                skiff.stdout.may_read.set()
                finished = skiff.wait(60)
                self.assertTrue(finished.output == numbered_lines(size), len(finished.output))
                self.assertEqual(finished.status, 0)

    def test_input_comes_whole_and_is_sent_back(self):
        data = bytes(5 + i * 7 % 251 for i in range(amount(100_000)))
        skiff = self.start_console("test=echo echo=0", stdin="pipe")
        skiff.expect("ready\n")
        skiff.send(data + END_OF_TRANSMISSION)
        finished = skiff.wait(60)
        self.assertIn(f"received {len(data)} checksum {checksum(data)}\n", finished.text)
        self.assertEqual(finished.status, 0)

    def test_input_that_came_before_the_driver_is_not_lost(self):
        skiff = self.start_console("test=echo", stdin="pipe")
        skiff.send(b"typed ahead" + END_OF_TRANSMISSION)
        finished = skiff.wait()
        self.assertIn("received 11 ", finished.text)

    def test_control_right_bracket_leaves_through_the_menu(self):
        skiff = self.start_console("test=echo", stdin="terminal")
        skiff.expect("ready")
        skiff.send(b"echoed")
        skiff.expect("echoed")
        skiff.send(b"\x1dq")
        self.assertEqual(skiff.wait().status, 0)

    def test_the_window_and_its_changes_are_told(self):
        skiff = self.start_console("test=ports", stdin="terminal")
        skiff.expect("port 0 is a console")
        resize(skiff.terminal, 132, 43)
        skiff.expect("port 0 has 132 columns, 43 rows")
        resize(skiff.terminal, 80, 25)
        skiff.expect("port 0 has 80 columns, 25 rows")
        skiff.send(END_OF_TRANSMISSION)
        self.assertEqual(skiff.wait().status, 0)

    def test_early_messages_come_through_the_serial_port_and_a_panic_is_noticed_there(self):
        finished = self.run_payload("kernel_panic", "", "--console", "virtio")
        self.assertEqual(finished.status, 70, finished.text)
        self.assertIn("Kernel panic", finished.text)

    def test_the_kernel_is_told_of_its_console(self):
        def line_with(*arguments):
            finished = self.run_skiff("run", payload_path("cmdline_and_modules"), *arguments)
            return finished.text
        self.assertIn("console=ttyS0 ", line_with())
        self.assertIn("earlycon=uart8250,io,0x3f8 8250.nr_uarts=0 console=hvc0 ",
                      line_with("--console", "virtio"))
        # Its own answer is not seen, as nothing is.
        self.assertEqual(line_with("--console", "none"), "")

    def test_malicious_drivers_get_no_further_than_a_reset(self):
        finished = self.start_console("test=malicious", "--port",
                                      f"a={self.folder() / 'a'}").wait(60)
        self.assertIn(f"\n{CASES} cases, 0 failures\n", finished.text)
        self.assertEqual(finished.status, 0, finished.text)
        self.assertEqual(len(re.findall(": needs reset\n", finished.text)), 4)


class Ports(SkiffTestCase):
    def start_ports(self, port, *arguments):
        skiff = self.start_payload("virtio_console", "test=ports", "--console", "virtio", "--port",
                                   port, *arguments, stdin="pipe")
        skiff.expect("port 1 is named ")
        return skiff

    def end(self, skiff):
        skiff.send(END_OF_TRANSMISSION)
        finished = skiff.wait()
        self.assertIn("the end\n", finished.text)
        self.assertEqual(finished.status, 0)
        return finished

    def connect(self, path):
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(60 * time_factor())
        client.connect(str(path))
        self.addCleanup(client.close)
        return client

    def receive(self, client, size):
        data = b""
        while len(data) < size:
            more = client.recv(size - len(data))
            if not more:
                break
            data += more
        return data

    def test_clients_of_a_socket_come_and_go_and_the_guest_sees_it(self):
        path = self.folder() / "agent.sock"
        skiff = self.start_ports(f"org.skiff.agent={path}")
        skiff.expect("org.skiff.agent\n")
        for number in range(2):
            client = self.connect(path)
            skiff.expect("port 1 is open")
            data = bytes(5 + (i + number) % 251 for i in range(amount(100_000)))
            sender = in_background(client.sendall, data)
            self.assertEqual(self.receive(client, len(data)), data)
            sender.join()
            client.close()
            skiff.expect("port 1 is closed")
        self.end(skiff)
        self.assertFalse(path.exists())

    def test_the_output_of_a_port_goes_to_a_new_file(self):
        path = self.folder() / "log"
        path.write_bytes(b"old content that is longer than the new one")
        skiff = self.start_ports(f"log={path}")
        skiff.expect("port 1 is open")
        self.end(skiff)
        self.assertEqual(path.read_bytes(), b"")

    def test_fifos_carry_both_directions(self):
        path = self.folder() / "fifo"
        os.mkfifo(path)
        os.mkfifo(f"{path}.in")
        skiff = self.start_ports(f"both={path}")
        with open(f"{path}.in", "wb", buffering=0) as to_guest, open(path, "rb",
                                                                    buffering=0) as from_guest:
            to_guest.write(b"through two pipes")
            data = b""
            while len(data) < 17:
                data += from_guest.read(17 - len(data))
            self.assertEqual(data, b"through two pipes")
        self.end(skiff)

    def test_output_for_a_client_who_does_not_read_waits_in_the_guest(self):
        path = self.folder() / "slow.sock"
        skiff = self.start_ports(f"slow={path}")
        client = self.connect(path)
        data = bytes(5 + i % 251 for i in range(amount(1_000_000)))
        sender = in_background(client.sendall, data)
        time.sleep(0.3)  # far more than fits into sockets and queues is on its way, and nobody reads
        self.assertTrue(self.receive(client, len(data)) == data)
        sender.join()
        self.end(skiff)

    def test_without_a_console_only_the_named_port_is_there(self):
        path = self.folder() / "only.sock"
        skiff = self.start_payload("virtio_console", "test=ports", "--port", f"only={path}")
        skiff.expect("port 1 is named only")
        client = self.connect(path)
        client.sendall(b"x" + END_OF_TRANSMISSION)
        finished = skiff.wait()
        self.assertNotIn("port 0", finished.text)
        self.assertEqual(finished.status, 0)

    def test_what_a_port_prints_is_no_silence(self):
        path = self.folder() / "busy.sock"
        limit = 1.5 * time_factor()
        skiff = self.start_payload("virtio_console", "test=ports", "--port", f"busy={path}",
                                   "--silence-timeout", limit)
        skiff.expect("port 1 is named busy")
        client = self.connect(path)
        end = time.monotonic() + 2 * limit
        while time.monotonic() < end:
            client.sendall(b"ping")
            self.assertEqual(self.receive(client, 4), b"ping")
            time.sleep(0.05)
        self.assertEqual(skiff.wait().status, 76)

    def test_what_cannot_be_is_one_line_of_error(self):
        hello = payload_path("hello")
        for arguments, wanted in (
                (["--port", "x"], "'x' has no path: write NAME=PATH"),
                (["--port", "a/b=c"], "'a/b' is no name of a port"),
                (["--port", f"x=unix={'y' * 120}"], "a socket's path has 1 to 107 bytes"),
                (["--port", "x=a", "--port", "x=b"], "two ports named 'x'"),
                ([w for i in range(17) for w in ("--port", f"p{i}=x")], "17 ports asked for"),
                (["--console", "vga"], "'vga' is no console: choose serial, virtio or none"),
                (["--console", "none", "--serial", "pty"], "leaves nothing for --serial")):
            with self.subTest(wanted=wanted):
                finished = self.run_skiff("run", hello, *arguments)
                self.assertEqual(finished.status, 2, finished.error_text)
                self.assertIn(wanted, finished.error_text)
                self.assertEqual(len(finished.error_text.splitlines()), 1)


if __name__ == "__main__":
    main()
