# SPDX-License-Identifier: Apache-2.0
"""A client of GET /v1/events: server-sent events, as HTML (9.2.6) has them parsed."""

import dataclasses
import json

from api_client import UnixConnection


@dataclasses.dataclass
class Event:
    name: str
    data: dict
    number: int


class EventStream:
    def __init__(self, path, last=None):
        self._connection = UnixConnection(path)
        headers = {} if last is None else {"Last-Event-ID": str(last)}
        self._connection.request("GET", "/v1/events", headers=headers)
        self.response = self._connection.getresponse()
        self.last = last

    def __iter__(self):
        return self

    def __next__(self):
        """The next event; waits for it. StopIteration at the end of the stream."""
        name, data = "message", []
        while line := self.response.readline():
            field, _, value = line.decode().rstrip("\n").partition(": ")
            if field == "event":
                name = value
            elif field == "data":
                data.append(value)
            elif field == "id":
                self.last = int(value)
            elif not field:
                return Event(name, json.loads("\n".join(data)), self.last)
        raise StopIteration

    def until(self, name, **members):
        """The next event of this name that has these members; what comes before is passed over."""
        for event in self:
            if event.name == name and members.items() <= event.data.items():
                return event
        raise AssertionError(f"the stream ended without an event {name} {members}")

    def close(self):
        self.response.close()
        self._connection.close()
