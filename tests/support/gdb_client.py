# SPDX-License-Identifier: Apache-2.0
"""Debuggers for tests: gdb itself, driven by a script, and a client of the remote protocol."""

import contextlib
import re
import shutil
import signal
import socket
import subprocess
import time

from skiff_runner import time_factor


def connect(address, seconds=20):
    """A socket to where skiff listens: a path, or a port on 127.0.0.1."""
    end = time.monotonic() + seconds * time_factor()
    while True:
        client = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        try:
            client.settimeout(seconds * time_factor())
            client.connect(address if isinstance(address, str) else ("127.0.0.1", address))
            return client
        except (FileNotFoundError, ConnectionRefusedError):
            client.close()
            if time.monotonic() > end:
                raise
            time.sleep(0.01)


class Rsp:
    """A client of the GDB Remote Serial Protocol, with acknowledgements."""

    def __init__(self, address):
        self.socket = connect(address)
        self._data = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, body):
        body = body.encode() if isinstance(body, str) else body
        self.socket.sendall(b"$" + body + b"#%02x" % (sum(body) & 0xFF))

    def interrupt(self):
        self.socket.sendall(b"\x03")

    def reply(self):
        """The next packet's body, acknowledged; None where the connection ends instead."""
        while True:
            match = re.search(rb"\$([^#]*)#[0-9a-f]{2}", self._data)
            if match:
                self._data = self._data[match.end():]
                with contextlib.suppress(BrokenPipeError):  # the last packet needs no answer
                    self.socket.sendall(b"+")
                return match[1]
            try:
                part = self.socket.recv(65536)
            except ConnectionResetError:
                part = b""
            if not part:
                return None
            self._data += part

    def ask(self, body):
        self.send(body)
        return self.reply()

    def read_memory(self, address, size):
        return bytes.fromhex(self.ask(f"m{address:x},{size:x}").decode())

    def read_number(self, address, size=8):
        return int.from_bytes(self.read_memory(address, size), "little")

    def write_number(self, address, value, size=8):
        answer = self.ask(f"M{address:x},{size:x}:{value.to_bytes(size, 'little').hex()}")
        assert answer == b"OK", answer

    def monitor(self, command):
        answer = self.ask(b"qRcmd," + command.encode().hex().encode())
        return bytes.fromhex(answer.decode()).decode()


def gdb_path():
    path = shutil.which("gdb")
    assert path, "gdb is missing: apt-get install gdb"
    return path


class Gdb:
    """gdb in batch mode with these commands; what it prints is collected."""

    def __init__(self, commands, program=None):
        words = [gdb_path(), "-q", "-nx", "-batch"]
        for command in ("set pagination off", "set confirm off", "set width 0",
                        f"set remotetimeout {int(60 * time_factor())}",
                        f"set tcp connect-timeout {int(20 * time_factor())}", *commands):
            words += ["-ex", command]
        if program:
            words.append(str(program))
        self.process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, start_new_session=True)

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def output(self, seconds=40):
        try:
            output, _ = self.process.communicate(timeout=seconds * time_factor())
        except subprocess.TimeoutExpired:
            self.process.kill()
            output, _ = self.process.communicate()
            raise AssertionError(f"gdb did not end within {seconds} s:\n{output.decode()}") from None
        return output.decode("utf-8", "replace")


def symbols(program):
    """Addresses by name, from nm."""
    listing = subprocess.run(["nm", str(program)], stdout=subprocess.PIPE, check=True, text=True).stdout
    return {fields[2]: int(fields[0], 16) for line in listing.splitlines()
            if len(fields := line.split()) == 3}
