# SPDX-License-Identifier: Apache-2.0
"""Timers, clocks and memory as a guest finds them."""

import datetime
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, main, time_factor  # noqa: E402

MIB = 1 << 20
GIB = 1 << 30


class Timers(SkiffTestCase):
    def test_interrupts_come_and_kvmclock_advances(self):
        finished = self.run_payload("timer_interrupt")
        self.assertEqual(finished.status, 0, finished.text)
        pit = int(re.search(r"PIT interrupts: (\d+)", finished.text)[1])
        local = int(re.search(r"local APIC timer interrupts: (\d+)", finished.text)[1])
        self.assertGreaterEqual(pit, 10)
        self.assertGreaterEqual(local, 10)
        # Ten periods of 5 ms each; the first of the PIT may have begun before.
        for part in re.findall(r"part (\d+) ns", finished.text):
            self.assertGreater(int(part), 40_000_000)
            self.assertLess(int(part), 3_000_000_000 * time_factor())


class RealTimeClock(SkiffTestCase):
    def test_it_tells_the_host_s_time_in_utc(self):
        before = datetime.datetime.now(datetime.timezone.utc)
        finished = self.run_payload("rtc_read")
        after = datetime.datetime.now(datetime.timezone.utc)
        told = re.search(r"rtc (\S+)\n", finished.text)[1]
        time = datetime.datetime.fromisoformat(told + "+00:00")
        second = datetime.timedelta(seconds=1)
        self.assertLessEqual(before - 2 * second, time)
        self.assertLessEqual(time, after + 2 * second)
        self.assertEqual(finished.status, 0)


class KeyboardController(SkiffTestCase):
    def test_a_driver_s_probe_succeeds(self):
        finished = self.run_payload("i8042")
        self.assertEqual(finished.text, "all as expected\n")
        self.assertEqual(finished.status, 0)


class Memory(SkiffTestCase):
    def check(self, option, size):
        finished = self.run_payload("last_page", "", "-m", option)
        self.assertEqual(finished.status, 0, finished.text)
        ram = int(re.search(r"RAM (\d+) bytes", finished.text)[1])
        self.assertLessEqual(ram, size)
        self.assertGreater(ram, size - MIB)
        return finished.text

    def test_a_small_guest_can_use_all_its_memory(self):
        text = self.check("64M", 64 * MIB)
        self.assertIn(f"page {64 * MIB - 4096:#011x}", text)

    def test_a_guest_may_end_just_below_the_hole(self):
        text = self.check("3G", 3 * GIB)
        self.assertIn(f"page {3 * GIB - 4096:#011x}", text)
        self.assertNotIn(f"{4 * GIB:#011x}", text)

    def test_one_mebibyte_more_than_below_the_hole_lies_above_it(self):
        text = self.check("3073M", 3 * GIB + MIB)
        self.assertIn(f"page {4 * GIB:#011x}", text)
        self.assertIn(f"page {4 * GIB + MIB - 4096:#011x}", text)

    def test_a_guest_of_5_gib_writes_its_last_page(self):
        text = self.check("5G", 5 * GIB)
        self.assertIn(f"page {3 * GIB - 4096:#011x}", text)
        self.assertIn(f"page {4 * GIB:#011x}", text)
        self.assertIn(f"page {6 * GIB - 4096:#011x}", text)


if __name__ == "__main__":
    main()
