# SPDX-License-Identifier: Apache-2.0
"""The balloon, seen from outside: what its driver gives away leaves skiff's memory."""

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from guest_memory import guest_memory_kib  # noqa: E402
from skiff_runner import SkiffTestCase, amount, main, time_factor  # noqa: E402

GUEST_MIB = 512
PAGES = amount(256 << 8)  # 256 MiB in pages of 4 KiB, or less where all is slow
HALF = PAGES // 2
KIB = 4
MOST_SECONDS = 10  # for reported memory to be the host's again
SLACK_KIB = 1024  # what the payload touches beside it


class BalloonTestCase(SkiffTestCase):
    def start_balloon(self, settings, *arguments, **options):
        skiff = self.start_payload("virtio_balloon", f"area={PAGES}", "-m", f"{GUEST_MIB}M",
                                   "--balloon", settings, *arguments, stdin="pipe", **options)
        return self.wait_for_driver(skiff)

    def wait_for_driver(self, skiff):
        skiff.features = int(skiff.expect(r"balloon features (0x\w+) ")[1], 16)
        return skiff

    def tell(self, skiff, *commands):
        """Sends commands, one after the other, and waits for each."""
        for command in commands:
            skiff.send(command + "\n")
            skiff.expect(rf"{command.split()[0]} done\r?\n", 60)

    def look(self, skiff, first, count):
        """How many pages hold what was written, and how many are zero."""
        skiff.send(f"look {first} {count}\n")
        match = skiff.expect(r"look touched (\d+) zero (\d+)\r?\n", 60)
        skiff.expect(r"look done")
        return int(match[1]), int(match[2])

    def resident_kib(self, skiff):
        return guest_memory_kib(skiff.pid, GUEST_MIB)

    def assert_resident(self, skiff, wanted_kib, slack_kib=SLACK_KIB):
        self.assertLess(abs(self.resident_kib(skiff) - wanted_kib), slack_kib)

    def end(self, skiff):
        skiff.send("end\n")
        finished = skiff.wait()
        self.assertEqual(finished.status, 0, finished.text)
        return finished


class Memory(BalloonTestCase):
    def check_inflate_and_deflate(self, pages, *arguments, slack_kib=SLACK_KIB):
        half = pages // 2
        skiff = self.start_balloon("deflate-on-oom", *arguments)
        self.assertTrue(skiff.features & 1 << 2, "deflate-on-oom is not negotiated")
        self.tell(skiff, f"touch 0 {pages}")
        before = self.resident_kib(skiff)
        self.assertGreaterEqual(before, pages * KIB)
        self.tell(skiff, f"inflate 0 {half}", f"actual {half}")
        self.assert_resident(skiff, before - half * KIB, slack_kib)
        self.assertEqual(self.look(skiff, half, pages - half), (pages - half, 0))
        # Deflating costs nothing before the pages are used again.
        self.tell(skiff, f"deflate 0 {half}", "actual 0")
        self.assert_resident(skiff, before - half * KIB, slack_kib)
        self.assertEqual(self.look(skiff, 0, half), (0, half))
        self.tell(skiff, f"touch 0 {half}")
        self.assert_resident(skiff, before, slack_kib)
        self.assertEqual(self.look(skiff, 0, pages), (pages, 0))
        self.end(skiff)

    def test_what_is_inflated_leaves_skiffs_memory_and_comes_back_when_it_is_touched(self):
        self.check_inflate_and_deflate(PAGES)

    def test_the_same_with_memory_that_can_be_shared(self):
        self.check_inflate_and_deflate(PAGES // 4, "--memory-backing", "memfd")

    def test_the_same_with_transparent_huge_pages(self):
        self.check_inflate_and_deflate(PAGES // 4, "--memory-backing", "anon,thp", slack_kib=3 * 2048)

    def test_free_page_reporting_returns_a_freed_block(self):
        skiff = self.start_balloon("free-page-reporting")
        self.tell(skiff, f"touch 0 {PAGES}")
        before = self.resident_kib(skiff)
        begin = time.monotonic()
        skiff.send(f"report 0 {HALF}\n")
        self.wait_until(lambda: self.resident_kib(skiff) <= before - 0.95 * HALF * KIB,
                        "95 % of the reported block is the host's", MOST_SECONDS)
        self.assertLess(time.monotonic() - begin, MOST_SECONDS * time_factor())
        skiff.expect("report done")
        self.assertEqual(self.look(skiff, 0, PAGES), (PAGES - HALF, HALF))
        self.end(skiff)

    def test_every_second_page_goes_alone(self):
        skiff = self.start_balloon("size=0")
        count = amount(2048)
        self.tell(skiff, f"touch 0 {2 * count}")
        before = self.resident_kib(skiff)
        for page in range(0, 64, 2):
            self.tell(skiff, f"inflate {page} 1")
        self.assert_resident(skiff, before - 32 * KIB, 32)
        self.assertEqual(self.look(skiff, 0, 64), (32, 32))
        self.end(skiff)


class RunTime(BalloonTestCase):
    """What the user asks for while the machine runs, through the menu on its terminal."""

    def start_on_terminal(self, settings):
        return self.wait_for_driver(
            self.start_payload("virtio_balloon", f"area={PAGES}", "-m", f"{GUEST_MIB}M", "--balloon",
                               settings, stdin="terminal"))

    def menu(self, skiff, command, answer):
        skiff.send(b"\x1d")
        skiff.expect("skiff> ")
        skiff.send(command + "\r")
        return skiff.expect(answer)

    def test_the_target_changes_and_the_driver_follows_it(self):
        half = PAGES // 4
        skiff = self.start_on_terminal(f"size={half * KIB // 2}K")
        self.tell(skiff, f"touch 0 {2 * half}", "follow")
        before = self.resident_kib(skiff) + half * KIB // 2
        for pages in (half, 2 * half, 0):
            skiff.send("follow\n")
            skiff.expect(r"follow from \d+\r?\n")
            self.menu(skiff, f"b {pages * KIB}K", "the guest is asked for it")
            skiff.expect(rf"follow to {pages}\r?\n")
            skiff.expect("follow done")
            if pages != 0:
                self.assert_resident(skiff, before - pages * KIB)
            self.menu(skiff, "i", rf"balloon: {self.size(pages)} in it, {self.size(pages)} wanted\r")
        self.menu(skiff, f"b {GUEST_MIB + 1}", "does not fit: the guest has 512 MiB")
        self.end(skiff)

    @staticmethod
    def size(pages):
        mib = pages * KIB / 1024
        return f"{mib:g} MiB" if mib >= 1 else f"{pages * KIB} KiB" if pages else "0 B"

    def test_the_guests_statistics_are_asked_for_and_shown(self):
        skiff = self.start_on_terminal("stats=0.2")
        self.tell(skiff, f"statistics {100 << 20} {200 << 20}")
        self.menu(skiff, "i", r"the guest's memory, \d+ s ago: free 100 MiB, total 200 MiB\r")
        self.tell(skiff, f"again {50 << 20} {200 << 20}")
        self.menu(skiff, "i", r"the guest's memory, \d+ s ago: free 50 MiB, total 200 MiB\r")
        self.end(skiff)

    def test_a_run_of_free_page_hints_makes_pages_cold_and_keeps_their_content(self):
        skiff = self.start_on_terminal("size=0")
        self.tell(skiff, f"touch 0 {PAGES}")
        resident = self.resident_kib(skiff)
        referenced = guest_memory_kib(skiff.pid, GUEST_MIB, "Referenced")
        skiff.send(f"hint 0 {HALF}\n")
        self.menu(skiff, "f", "the guest is asked for it")
        skiff.expect("hint sent")
        skiff.expect("hint done")
        self.menu(skiff, "i", rf"free page hints: {self.size(HALF)} in the last run\r")
        now = guest_memory_kib(skiff.pid, GUEST_MIB, "Referenced")
        self.assertLess(abs(referenced - now - HALF * KIB), SLACK_KIB)
        self.assert_resident(skiff, resident)
        self.assertEqual(self.look(skiff, 0, PAGES), (PAGES, 0))
        # A run that the user ends.
        skiff.send("early 0 16\n")
        self.menu(skiff, "f", "the guest is asked for it")
        skiff.expect("hint sent")
        self.menu(skiff, "f", "the guest is telling its free pages already")
        self.menu(skiff, "f stop", "the guest is told to stop")
        skiff.expect("early done")
        self.menu(skiff, "f stop", "the guest is not telling its free pages")
        self.end(skiff)


if __name__ == "__main__":
    main()
