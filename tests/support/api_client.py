# SPDX-License-Identifier: Apache-2.0
"""A client of skiff's API: HTTP over a Unix socket, one connection each; and what its tests share."""

import http.client
import json
import os
import socket
import time

from skiff_runner import SkiffTestCase, payload_path, time_factor


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path, timeout=20):
        super().__init__("localhost", timeout=timeout * time_factor())
        self._path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


class Answer:
    def __init__(self, response):
        self.status = response.status
        self.headers = response.headers
        self.text = response.read().decode()

    @property
    def json(self):
        return json.loads(self.text)

    @property
    def fault(self):
        return self.json["fault_message"]


class ApiClient:
    """Keeps its connection, as clients do."""

    def __init__(self, path, seconds=20):
        self.path = path
        self._connection = None
        self._connect(time.monotonic() + seconds * time_factor())

    def _connect(self, deadline):
        """The socket may not be there yet."""
        while True:
            connection = UnixConnection(self.path)
            try:
                connection.connect()
                break
            except OSError:
                connection.close()
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.002)
        self._connection = connection

    def send(self, method, path, body=None):
        """Asks, and does not wait for the answer."""
        text = None if body is None else body if isinstance(body, (str, bytes)) else json.dumps(body)
        headers = {} if text is None else {"Content-Type": "application/json"}
        self._connection.request(method, path, text, headers)

    def ask(self, method, path, body=None):
        self.send(method, path, body)
        return Answer(self._connection.getresponse())

    def get(self, path):
        return self.ask("GET", path)

    def put(self, path, body):
        return self.ask("PUT", path, body)

    def patch(self, path, body=None):
        return self.ask("PATCH", path, body)

    def close(self):
        self._connection.close()


def open_files(pid):
    """What the descriptors of a process lead to."""
    folder = f"/proc/{pid}/fd"
    found = []
    for name in os.listdir(folder):
        try:
            found.append(os.readlink(f"{folder}/{name}"))
        except OSError:
            pass
    return sorted(found)


class ApiTestCase(SkiffTestCase):
    def setUp(self):
        super().setUp()
        self.scratch = self.folder()
        self.socket = self.scratch / "api.sock"

    def serve(self, *arguments, **options):
        """`skiff --api-sock …`, and a client of it."""
        skiff = self.start("--api-sock", self.socket, *arguments, **options)
        return skiff, self.client()

    def client(self):
        client = ApiClient(self.socket)
        self.addCleanup(client.close)
        return client

    def accepted(self, answer):
        self.assertEqual((answer.status, answer.text), (204, ""))

    def describe(self, client, payload, arguments="", **shape):
        self.accepted(client.put("/boot-source", {"kernel_image_path": payload_path(payload),
                                                  "boot_args": arguments}))
        self.accepted(client.put("/machine-config", {"vcpu_count": 1, "mem_size_mib": 64, **shape}))

    def begin(self, client):
        self.accepted(client.put("/actions", {"action_type": "InstanceStart"}))

    def state(self, client):
        return client.get("/").json["state"]
