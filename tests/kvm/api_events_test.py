# SPDX-License-Identifier: Apache-2.0
"""GET /v1/events: what happens to a microVM, told to whoever listens."""

import signal
import socket
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase, open_files  # noqa: E402
from event_stream import EventStream  # noqa: E402
from net_namespace import WithNetwork, ip, make_tap  # noqa: E402
from skiff_runner import SKIPPED, amount, main, missing, payload_path  # noqa: E402

MIB = 1 << 20


class EventsTestCase(ApiTestCase):
    def events(self, last=None):
        stream = EventStream(self.socket, last)
        self.addCleanup(stream.close)
        self.assertEqual(stream.response.status, 200)
        self.assertEqual(stream.response.headers["Content-Type"], "text/event-stream")
        return stream

    def states(self, events):
        return [event.data["state"] for event in events if event.name == "state"]


class LifeCycle(EventsTestCase):
    def test_a_life_from_its_start_to_its_end(self):
        skiff, client = self.serve(stdin="pipe")
        early = self.events()
        self.describe(client, "serial_input", "mode=interrupt echo=1 count=1")
        self.begin(client)
        skiff.expect("ready")
        for state in ("Paused", "Paused", "Resumed", "Resumed"):
            self.accepted(client.patch("/vm", {"state": state}))
        middle = self.events(last=2)
        skiff.send("x")
        told = list(early)
        finished = skiff.wait()
        self.assertEqual(self.states(told), ["Starting", "Running", "Paused", "Running"])
        self.assertEqual([event.number for event in told], [1, 2, 3, 4, 5])
        self.assertEqual((told[-1].name, told[-1].data["kind"], told[-1].data["status"]),
                         ("ended", "power-off", finished.status))
        for event in told:
            self.assertRegex(event.data["time"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$")
        self.assertEqual(list(middle), told[2:])

    def test_a_start_that_fails_is_told_with_its_reason(self):
        skiff, client = self.serve()
        broken = self.scratch / "broken"
        broken.write_bytes(b"\x7fELF" + bytes(100))
        self.accepted(client.put("/boot-source", {"kernel_image_path": str(broken)}))
        self.assertEqual(client.put("/actions", {"action_type": "InstanceStart"}).status, 400)
        event = self.events().until("state", state="Not started")
        self.assertIn(str(broken), event.data["error"])
        stream = self.events(last=event.number)
        skiff.signal(signal.SIGTERM)
        self.assertEqual([(event.name, event.data["kind"]) for event in stream], [("ended", "signal")])
        self.assertEqual(skiff.wait().status, 128 + signal.SIGTERM)

    def test_skiff_run_tells_them_too_and_a_forced_end_is_one(self):
        skiff = self.start_payload("hang", "mode=spin", "--api-sock", self.socket)
        skiff.expect("hanging")
        client = self.client()
        stream = self.events()
        self.accepted(client.ask("POST", "/v1/shutdown", {"deadline_ms": 0}))
        ended = stream.until("ended")
        self.assertEqual((ended.data["kind"], ended.data["status"]), ("forced", 143))
        self.assertEqual(list(stream), [])
        self.assertEqual(skiff.wait().status, 143)

    def test_a_client_that_does_not_read_delays_the_end_by_no_more_than_a_moment(self):
        skiff, client = self.serve("--level", "Error")
        self.describe(client, "hang", "mode=halt")
        self.begin(client)
        skiff.expect("hanging")
        for _ in range(amount(300)):
            self.accepted(client.patch("/vm", {"state": "Paused"}))
            self.accepted(client.patch("/vm", {"state": "Resumed"}))
        silent = []
        for _ in range(8):
            other = socket.socket(socket.AF_UNIX)
            self.addCleanup(other.close)
            other.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
            other.connect(str(self.socket))
            other.send(b"GET /v1/events HTTP/1.1\r\n\r\n")
            silent.append(other)
        self.assertEqual(self.state(client), "Running")
        self.accepted(client.ask("POST", "/v1/shutdown", {"deadline_ms": 0}))
        self.assertEqual(skiff.wait(seconds=10).status, 143)


class Streams(EventsTestCase):
    def test_a_late_client_is_told_how_much_it_has_missed(self):
        _, client = self.serve("--level", "Error")
        self.describe(client, "hang", "mode=halt")
        self.begin(client)
        for _ in range(150):
            self.accepted(client.patch("/vm", {"state": "Paused"}))
            self.accepted(client.patch("/vm", {"state": "Resumed"}))
        stream = self.events()
        lost = next(stream)
        self.assertEqual((lost.name, lost.data), ("lost", {"count": 302 - 256}))
        self.assertEqual(next(stream).number, 302 - 256 + 1)

    def test_streams_are_bounded_requests_go_on_and_nothing_is_left_open(self):
        skiff, client = self.serve()
        self.assertEqual(self.state(client), "Not started")
        before = open_files(skiff.pid)
        for _ in range(amount(100)):
            stream = EventStream(self.socket)
            self.assertEqual(stream.response.status, 200)
            stream.close()
        self.wait_until(lambda: open_files(skiff.pid) == before, "all streams are closed")
        streams = [self.events() for _ in range(8)]
        refused = client.get("/v1/events")
        self.assertEqual(refused.status, 503)
        self.assertIn("8 streams", refused.fault)
        others = [self.client() for _ in range(10)]
        for other in others:
            self.assertEqual(self.state(other), "Not started")
        streams[0].close()

        def there_is_room():
            stream = EventStream(self.socket)
            self.addCleanup(stream.close)
            return stream.response.status == 200

        self.wait_until(there_is_room, "the place of the one that was closed")
        self.assertEqual(self.client().put("/v1/events", {}).headers["Allow"], "GET")


class Machines(EventsTestCase):
    def test_a_panic_is_told_before_the_end_that_it_causes(self):
        skiff, client = self.serve()
        stream = self.events()
        self.describe(client, "kernel_panic")
        self.begin(client)
        told = list(stream)
        panic = [event.data for event in told if event.name == "kernel"]
        self.assertEqual([(data["trouble"], data["message"]) for data in panic],
                         [("panic", "Kernel panic - not syncing: a test")])
        self.assertEqual((told[-1].name, told[-1].data["kind"], told[-1].data["detail"]),
                         ("ended", "panic", "Kernel panic - not syncing: a test"))
        self.assertEqual(skiff.wait().status, 70)

    def test_a_guest_that_prints_oopses_without_end_is_told_of_a_few_times(self):
        says = self.scratch / "says"
        says.write_text("".join(f"[    0.{number:06}] BUG: number {number}\n"
                                for number in range(amount(3000))))
        skiff, client = self.serve()
        stream = self.events()
        self.describe(client, "print_module", "then=off")
        self.accepted(client.put("/boot-source", {"kernel_image_path": payload_path("print_module"),
                                                  "initrd_path": str(says), "boot_args": "then=off"}))
        self.begin(client)
        told = [event for event in stream if event.name == "kernel"]
        self.assertEqual(skiff.wait(60).status, 0)
        self.assertEqual(told[0].data["trouble"], "oops")
        self.assertRegex(told[0].data["message"], r"^BUG: number \d+$")
        self.assertLessEqual(len(told), 15)  # five in ten seconds

    def test_a_device_that_its_driver_has_broken_is_told_of(self):
        skiff, client = self.serve()
        self.describe(client, "virtio_malicious", "device=entropy")
        self.accepted(client.put("/entropy", {}))
        stream = self.events()
        self.begin(client)
        event = stream.until("device")
        self.assertEqual((event.data["device"], event.data["problem"]), ("rng", "needs-reset"))
        self.assertNotEqual(event.data["detail"], "")
        told = [event for event in stream if event.name == "device"]
        self.assertLess(len(told), 30)
        skiff.wait(60)

    def test_the_balloon_is_told_of_as_the_guest_sizes_it(self):
        skiff, client = self.serve(stdin="pipe")
        self.describe(client, "virtio_balloon", "area=4096", mem_size_mib=256)
        self.accepted(client.put("/balloon", {"amount_mib": 4, "deflate_on_oom": False}))
        stream = self.events()
        self.begin(client)
        skiff.expect("balloon features")
        # Faster than it is told of: the last one is, whatever became of the others.
        skiff.send("".join(f"actual {pages}\n" for pages in range(1, 1025)))
        event = stream.until("balloon", actual_bytes=1024 * 4096)
        self.assertEqual((event.data["target_mib"], event.data["actual_mib"]), (4, 4))
        self.assertLess(event.number, 300)
        skiff.send("end\n")
        stream.until("ended", kind="power-off")


class HostTroubles(WithNetwork, EventsTestCase):
    def test_an_interface_that_goes_down_and_up(self):
        make_tap("tap0")
        skiff, client = self.serve()
        self.describe(client, "hang")
        self.accepted(client.put("/network-interfaces/eth0", {"iface_id": "eth0",
                                                              "host_dev_name": "tap0"}))
        self.begin(client)
        skiff.expect("hanging")
        stream = self.events()
        for link in ("down", "up"):
            ip("link", "set", "tap0", link)
            event = stream.until("link")
            self.assertEqual((event.data["device"], event.data["link"]), ("net tap0", link))

    def test_a_disk_whose_host_is_full(self):
        full = self.scratch / "full"
        full.mkdir()
        skiff, client = self.serve(prefix=(
            "unshare", "--mount", "sh", "-c",
            f'mount -t tmpfs -o size=1M none {full} && truncate -s 8M {full}/disk && exec "$@"', "sh"))
        self.describe(client, "virtio_block", "write:0:4096:7")
        self.accepted(client.put("/drives/d", {"drive_id": "d", "path_on_host": f"{full}/disk",
                                               "is_root_device": False}))
        stream = self.events()
        self.begin(client)
        event = stream.until("device")
        self.assertEqual((event.data["device"], event.data["problem"]),
                         (f"disk {full}/disk", "host-error"))
        self.assertIn("No space left on device", event.data["detail"])
        skiff.wait()


if __name__ == "__main__":
    if reason := missing(("kvm", "payloads", "tap")):
        print(f"SKIPPED: {reason}")
        sys.exit(SKIPPED)
    main()
