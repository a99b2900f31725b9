# SPDX-License-Identifier: Apache-2.0
"""--trace: a table at the end, or events for Perfetto, of what made the guest leave KVM and of its queues."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, main, payload_path  # noqa: E402


class Trace(SkiffTestCase):
    def test_the_table_counts_exits_by_place(self):
        finished = self.run_payload("debug_exit", "value=4 port=0x501", "--debug-exit=0x501", "--trace",
                                    "exits", "-q")
        self.assertEqual(finished.status, 9)
        self.assertRegex(finished.error_text, r"(?m)^exit +count +ms +mean us +longest us +bytes$")
        self.assertRegex(finished.error_text, r"(?m)^port write 0x3f8 .* \+0x0 +\d+ ")
        self.assertRegex(finished.error_text, r"(?m)^vCPU 0: \d+ exits; .* ms in the guest")

    def test_every_byte_of_the_console_is_counted_once(self):
        module = self.folder() / "module"
        module.write_bytes(b"x" * 1000)
        file = self.folder() / "table"
        finished = self.run_payload("print_module", "", "-i", module, "--trace", f"exits={file}", "-q")
        self.assertEqual((finished.status, finished.error_text), (0, ""))
        row = re.search(r"(?m)^port write 0x3f8 .*$", file.read_text(encoding="ascii"))
        count, *_, size = row[0].split()[-5:]
        # Setting the port up writes to the same place.
        self.assertIn(int(size), range(1000, 1010))
        self.assertLessEqual(int(count), int(size))

    def test_json_has_each_exit_and_each_change_of_a_queue(self):
        file = self.folder() / "trace.json"
        finished = self.run_payload("virtio_rng", "", "--trace", f"exits,devices={file}", "-q", "-c", "2")
        self.assertEqual(finished.status, 0)
        trace = json.loads(file.read_text(encoding="ascii"))
        events = trace["traceEvents"]
        exits = [event for event in events if event["ph"] == "X"]
        self.assertTrue(all(event["ts"] >= 0 and event["dur"] >= 0 for event in exits))
        self.assertIn("port write 0x3f8", {event["name"] for event in exits})
        self.assertTrue(any(event["args"]["device"].startswith("rng +") for event in exits))
        queues = [event for event in events if event["ph"] == "C"]
        self.assertEqual({event["name"] for event in queues}, {"rng queue 0"})
        self.assertGreater(sum(event["args"]["notifications"] for event in queues), 0)
        self.assertEqual(trace["otherData"], {"dropped_exits": "0", "dropped_samples": "0"})

    def test_devices_alone_give_their_counters(self):
        finished = self.run_payload("virtio_rng", "", "--trace", "devices", "-q")
        self.assertRegex(finished.error_text, r"(?m)^rng: queue 0: \d+ chains, \d+ notifications")
        self.assertNotIn("port write", finished.error_text)

    def test_a_file_that_cannot_be_written_is_said_before_the_guest_runs(self):
        finished = self.run_skiff("run", payload_path("hello"), "--trace", "exits=/nowhere/trace")
        self.assertEqual((finished.status, finished.output), (1, b""))
        self.assertIn("/nowhere/trace", finished.error_text)


if __name__ == "__main__":
    main()
