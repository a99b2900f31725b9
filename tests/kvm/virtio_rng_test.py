# SPDX-License-Identifier: Apache-2.0
"""The entropy device, driven by a freestanding driver that finds it on the command line."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, amount, main, payload_path  # noqa: E402

EVENT_IDX, INDIRECT = 1 << 29, 1 << 28
VERSION_1, RING_RESET = 1 << 32, 1 << 40


class Entropy(SkiffTestCase):
    def test_it_is_there_without_being_asked_for(self):
        finished = self.run_payload("virtio_rng")
        self.assertEqual(finished.status, 0, finished.text)
        features = int(re.search(r"features (\w+)", finished.text)[1], 16)
        wanted = VERSION_1 | EVENT_IDX | INDIRECT | RING_RESET
        self.assertEqual(features & wanted, wanted, hex(features))

    def test_it_answers_polled_and_by_interrupt_with_each_set_of_features(self):
        finished = self.run_payload("virtio_rng")
        self.assertEqual(finished.status, 0, finished.text)
        self.assertEqual(
            re.findall(r"event_idx (\d) indirect (\d)\ninterrupts (\d) for (\d) requests\n",
                       finished.text),
            [("0", "0", "2", "2"), ("1", "0", "2", "2"), ("1", "1", "4", "4")])
        self.assertIn("all as expected\n", finished.text)

    def test_two_machines_get_different_bytes(self):
        seen = {re.search(r"bytes ([0-9a-f]{64})\n", self.run_payload(
            "virtio_rng", "bytes=32").text)[1] for _ in range(2)}
        self.assertEqual(len(seen), 2, seen)

    def test_bytes_keep_coming(self):
        wanted = amount(1 << 20)
        finished = self.run_payload("virtio_rng", f"total={wanted} bytes=64")
        self.assertEqual(finished.status, 0, finished.text)
        self.assertIn(f"read {wanted} bytes in ", finished.text)
        # All 64 equal, or so few values, would be no entropy.
        tail = re.search(r"bytes ([0-9a-f]{128})\n", finished.text)[1]
        self.assertGreater(len(set(bytes.fromhex(tail))), 30)

    def test_there_is_none_with_no_rng(self):
        finished = self.run_payload("virtio_rng", "", "--no-rng")
        self.assertEqual(finished.text, "no entropy device\n")
        self.assertEqual(finished.status, 1)

    def test_it_is_announced_on_the_command_line(self):
        finished = self.run_payload("cmdline_and_modules")
        self.assertRegex(finished.text, r"virtio_mmio\.device=4K@0xd0000000:5:0\b")
        without = self.run_skiff("run", payload_path("cmdline_and_modules"), "--no-rng")
        self.assertNotIn("virtio_mmio", without.text)


if __name__ == "__main__":
    main()
