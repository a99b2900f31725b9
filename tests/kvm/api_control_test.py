# SPDX-License-Identifier: Apache-2.0
"""What skiff's API has beyond Firecracker's, under /v1: ending a microVM and sizing its balloon."""

import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase  # noqa: E402
from skiff_runner import main  # noqa: E402

STOPPED_BY_FORCE = 143


class Shutdown(ApiTestCase):
    def shut_down(self, client, **body):
        self.accepted(client.ask("POST", "/v1/shutdown", body or None))

    def running_guest(self, payload, arguments, ready, *options):
        skiff, client = self.serve(*options)
        self.describe(client, payload, arguments)
        self.begin(client)
        skiff.expect(ready)
        return skiff, client

    def test_the_guest_is_asked_and_ends_by_itself(self):
        for body in ({}, {"deadline_ms": 60_000}):
            with self.subTest(body=body):
                skiff, client = self.running_guest("power_button", "", "waiting for the power button")
                self.shut_down(client, **body)
                finished = skiff.wait()
                self.assertIn("interrupt 1\nall as expected\n", finished.text)
                self.assertEqual(finished.status, 0)
                self.assertFalse(self.socket.exists())

    def test_one_that_does_not_is_stopped_at_the_deadline(self):
        skiff, client = self.running_guest("power_button", "ignore=1", "waiting for the power button")
        sent = time.monotonic()
        self.shut_down(client, deadline_ms=700)
        skiff.expect("interrupt 1")
        finished = skiff.wait()
        self.assertGreater(time.monotonic() - sent, 0.65)
        self.assertEqual(finished.status, STOPPED_BY_FORCE)
        self.assertIn("stopped by force: it did not shut down within 700 ms", finished.error_text)

    def test_asked_again_the_guest_is_not_and_the_earlier_deadline_counts(self):
        skiff, client = self.running_guest("power_button", "ignore=1", "waiting for the power button")
        for deadline_ms in (3_600_000, 7_200_000, 3_500_000):
            self.shut_down(client, deadline_ms=deadline_ms)
        skiff.expect("interrupt 1")
        self.assertEqual(self.state(client), "Running")
        self.shut_down(client, deadline_ms=0)
        finished = skiff.wait()
        self.assertEqual(finished.status, STOPPED_BY_FORCE)
        self.assertNotIn("interrupt 2", finished.text)

    def test_a_guest_that_is_busy_is_stopped_at_once(self):
        skiff, client = self.running_guest("hang", "mode=spin", "hanging")
        self.shut_down(client, deadline_ms=0)
        self.assertEqual(skiff.wait().status, STOPPED_BY_FORCE)

    def test_a_paused_guest_runs_on_to_shut_down(self):
        skiff, client = self.running_guest("power_button", "", "waiting for the power button")
        self.accepted(client.patch("/vm", {"state": "Paused"}))
        self.shut_down(client, deadline_ms=60_000)
        finished = skiff.wait()
        self.assertIn("interrupt 1", finished.text)
        self.assertEqual(finished.status, 0)

    def test_a_paused_guest_is_stopped_at_once_where_that_is_wanted(self):
        skiff, client = self.running_guest("power_button", "", "waiting for the power button")
        self.accepted(client.patch("/vm", {"state": "Paused"}))
        self.shut_down(client, deadline_ms=0)
        finished = skiff.wait()
        self.assertNotIn("interrupt", finished.text)
        self.assertEqual(finished.status, STOPPED_BY_FORCE)

    def test_signals_keep_their_say(self):
        skiff, client = self.running_guest("power_button", "ignore=1", "waiting for the power button")
        self.shut_down(client, deadline_ms=3_600_000)
        skiff.expect("interrupt 1")
        skiff.signal(signal.SIGTERM)
        skiff.expect("a second signal", stream="stderr")
        skiff.signal(signal.SIGTERM)
        self.assertEqual(skiff.wait().status, 128 + signal.SIGTERM)

    def test_before_the_start_the_process_ends(self):
        skiff, client = self.serve()
        self.describe(client, "hello")
        self.shut_down(client, deadline_ms=60_000)
        finished = skiff.wait()
        self.assertEqual((finished.status, finished.text), (0, ""))
        self.assertFalse(self.socket.exists())

    def test_a_machine_of_skiff_run_without_acpi_is_asked_by_its_keyboard(self):
        skiff = self.start_payload("keyboard", "", "--no-acpi", "--api-sock", self.socket)
        skiff.expect("waiting for keys")
        self.shut_down(self.client(), deadline_ms=60_000)
        finished = skiff.wait()
        keys = re.findall(r"key (\w+)\n", finished.text)
        self.assertEqual([key for key in keys if key != "0xe0"][:3], ["0x1d", "0x38", "0x53"])
        self.assertEqual(finished.status, 0)

    def test_every_way_in_which_a_guest_turns_itself_off_ends_the_process(self):
        for payload, arguments in (("power_off", "by=port"), ("power_off", "by=mmio"),
                                   ("reset", "by=i8042"), ("reset", "by=power_control")):
            with self.subTest(arguments=arguments):
                skiff, client = self.serve()
                self.describe(client, payload, arguments)
                self.begin(client)
                finished = skiff.wait()
                self.assertEqual(finished.status, 0, finished.error_text)
                self.assertFalse(self.socket.exists())


class Balloon(ApiTestCase):
    def test_it_is_sized_and_tells_how_large_it_is(self):
        skiff, client = self.serve(stdin="pipe")
        self.describe(client, "virtio_balloon", "area=4096", mem_size_mib=256)
        answer = client.put("/v1/balloon", {"target_mib": 4})
        self.assertEqual(answer.status, 400)
        self.assertIn("PUT /balloon", answer.fault)
        self.accepted(client.put("/balloon", {"amount_mib": 0, "deflate_on_oom": True}))
        answer = client.put("/v1/balloon", {"target_mib": 4})
        self.assertEqual((answer.status, answer.json),
                         (200, {"target_mib": 4, "actual_mib": 0, "actual_bytes": 0}))
        self.begin(client)
        skiff.expect("balloon features")
        self.assertEqual(client.get("/v1/balloon").json["target_mib"], 4)
        self.assertEqual(client.put("/v1/balloon", {"target_mib": 8}).json["target_mib"], 8)
        self.assertEqual(client.get("/balloon").json["amount_mib"], 8)
        skiff.send("actual 2049\n")
        self.wait_until(lambda: client.get("/v1/balloon").json == {
            "target_mib": 8, "actual_mib": 8, "actual_bytes": 2049 * 4096}, "the guest has told its size")
        self.accepted(client.patch("/balloon", {"amount_mib": 2}))
        self.assertEqual(client.get("/v1/balloon").json["target_mib"], 2)
        answer = client.put("/v1/balloon", {"target_mib": 257})
        self.assertEqual(answer.status, 400)
        self.assertIn("does not fit", answer.fault)
        self.assertEqual(client.get("/v1/balloon").json["target_mib"], 2)
        skiff.send("end\n")
        self.assertEqual(skiff.wait().status, 0)


if __name__ == "__main__":
    main()
