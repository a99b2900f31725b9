# SPDX-License-Identifier: Apache-2.0
"""A port of this machine that leads to a Unix socket, for clients that know only those; and a skiff behind it
that is started anew whenever a request has ended it."""

import http.client
import http.server
import json
import socket
import subprocess
import threading
import time

PATIENCE = 30  # seconds
# How a skiff may end: by itself, by POST /v1/shutdown.
GOOD_ENDS = (0, 143)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=PATIENCE)
        self._path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Skiff:
    """`skiff --api-sock` in a folder of its own, with what `prepare(client)` makes of it."""

    def __init__(self, program, folder, prepare):
        self.program, self.folder, self.prepare = program, folder, prepare
        self.socket = str(folder / "api.sock")
        self.process, self.starts, self.bad_ends = None, 0, []
        self.lock = threading.Lock()
        self.ask_until_there("GET", "/", None, {})

    def start(self):
        if self.process is not None and self.process.poll() not in (None, *GOOD_ENDS):
            self.bad_ends.append((self.process.returncode, (self.folder / "errors").read_text()[-2000:]))
        with open(self.folder / "errors", "w", encoding="utf-8") as errors:
            self.process = subprocess.Popen([self.program, "--api-sock", self.socket], cwd=self.folder,
                                            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
        self.starts += 1
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                self.prepare(lambda verb, path, body: self.ask(verb, path, json.dumps(body), {}))
                return
            except OSError:
                time.sleep(0.005)
        raise RuntimeError(f"skiff does not serve: {self.process.poll()}")

    def stop(self):
        self.process.kill()
        self.process.wait()

    def ask(self, verb, path, body, headers):
        """One request on a connection of its own: status, headers, body."""
        connection = UnixConnection(self.socket)
        try:
            connection.connect()
            connection.request(verb, path, body, headers)
            answer = connection.getresponse()
            if answer.headers.get_content_type() == "text/event-stream":
                content = b""  # it has no end
            else:
                content = answer.read()
            return answer.status, answer.headers, content
        finally:
            connection.close()

    def ask_until_there(self, verb, path, body, headers):
        """The same; a skiff that has ended is replaced first, or when it ends before it answers."""
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                return self.ask(verb, path, body, headers)
            except (OSError, http.client.HTTPException):
                with self.lock:
                    # One that is about to end does not take any more.
                    if self.process is None or self.ends():
                        self.start()
                    elif time.monotonic() > deadline:
                        raise

    def ends(self):
        try:
            self.process.wait(0.2)
        except subprocess.TimeoutExpired:
            return False
        return True


def confined(value, folder):
    """No path that a client makes up leads out of the folder."""
    if isinstance(value, dict):
        return {key: confined(inner, folder) for key, inner in value.items()}
    if isinstance(value, list):
        return [confined(inner, folder) for inner in value]
    if isinstance(value, str) and (value.startswith("/") or ".." in value) and not value.startswith(str(folder)):
        return "in_folder" + value.replace("/", "_").replace("..", "_")
    return value


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1
    skiff = None

    def relay(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        try:
            text = json.loads(body)
            safe = confined(text, self.skiff.folder)
            if safe != text:
                body = json.dumps(safe).encode()
        except (TypeError, ValueError):
            pass
        headers = {name: value for name, value in self.headers.items()
                   if name.lower() not in ("host", "connection", "content-length", "accept-encoding")}
        try:
            status, answered, content = self.skiff.ask_until_there(self.command, self.path, body, headers)
        except Exception as error:  # noqa: BLE001
            self.skiff.bad_ends.append((None, f"{self.command} {self.path}: {error!r}"))
            status, answered, content = 599, {}, b""
        self.send_response(status)
        for name, value in answered.items():
            if name.lower() not in ("connection", "content-length", "transfer-encoding"):
                self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(content)

    do_GET = do_PUT = do_PATCH = do_POST = do_DELETE = do_HEAD = do_OPTIONS = do_TRACE = do_QUERY = relay

    def log_message(self, *_):
        pass


class Proxy:
    """Serves a port that leads to the skiff."""

    def __init__(self, skiff):
        handler = type("BoundHandler", (Handler,), {"skiff": skiff})
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
        self.server.shutdown()
        self.server.server_close()
