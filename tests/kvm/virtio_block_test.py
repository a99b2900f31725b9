# SPDX-License-Identifier: Apache-2.0
"""The block device, driven by a freestanding driver that does what its command line says; what it tells
is compared with what the test made and with what the host's file holds afterwards."""

import os
import re
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from disk_pattern import make_disk, sector_pattern, sectors  # noqa: E402
from skiff_runner import SkiffTestCase, amount, main, some, time_factor  # noqa: E402

MIB = 1 << 20
OK, IO_ERROR, UNSUPPORTED = 0, 1, 2
READ_ONLY, FLUSH, MULTI_QUEUE, DISCARD, WRITE_ZEROES = (1 << bit for bit in (5, 9, 12, 13, 14))
# The transport's features, and those that only describe the disk.
PLAIN_FEATURES = 1 << 28 | 1 << 29
ENGINES = ("uring", "sync")


class BlockTestCase(SkiffTestCase):
    def setUp(self):
        super().setUp()
        self.disk = make_disk(self.folder() / "disk", 8 * MIB)

    def drive(self, words, options="", *arguments, status=0):
        """Runs the driver on the disk; {word: what it printed}."""
        drive = f"{self.disk},{options}" if options else self.disk
        finished = self.run_payload("virtio_block", words, "-d", drive, *arguments, seconds=30)
        self.assertEqual(finished.status, status, f"{finished.text}\n{finished.error_text}")
        return dict(re.findall(r"^(\S+): (.*)$", finished.text, re.MULTILINE))

    def direct(self):
        """The option, where the file system has O_DIRECT (one in memory may not)."""
        try:
            os.close(os.open(self.disk, os.O_RDWR | os.O_DIRECT))
        except OSError:
            return ""
        return ",direct"

    def assert_holds(self, sector, count, seed):
        self.assertEqual(sectors(self.disk, sector, count), sector_pattern(sector, count, seed))


class Requests(BlockTestCase):
    def test_reads_and_writes_reach_the_file_by_each_engine_and_chain(self):
        many = f"many:1024:{amount(400) or 16}:1:16"
        direct = self.direct()
        for options, chain, wait in (
                ("engine=uring", "direct", "poll"), (f"engine=uring{direct}", "indirect", "interrupt"),
                ("engine=sync", "indirect", "poll"), (f"engine=sync{direct}", "direct", "interrupt")):
            with self.subTest(options=options):
                make_disk(self.disk, 8 * MIB)
                told = self.drive(f"chain={chain} wait={wait} read:64:256:1 write:64:256:2 flush "
                                  f"read:64:256:2 read:0:64:1 read:320:8:1 {many}", options)
                self.assertEqual(told["write:64:256:2"], f"status {OK} written 1")
                self.assertEqual(told["flush"], f"status {OK} written 1")
                for word in ("read:64:256:1", "read:64:256:2"):
                    self.assertEqual(told[word], f"status {OK} written {256 * 512 + 1} content ok")
                self.assertEqual(told["read:320:8:1"], f"status {OK} written 4097 content ok")
                self.assertRegex(told[many], r"failed 0 wrong 0")
                self.assert_holds(64, 256, 2)
                self.assert_holds(0, 64, 1)
                self.assert_holds(320, 64, 1)

    def test_data_may_be_cut_into_buffers_of_any_size(self):
        for options in ("engine=uring", f"engine=uring{self.direct()}", "engine=sync"):
            with self.subTest(options=options):
                told = self.drive("framing:8:8:1 framing:80:100:1", options)
                self.assertEqual(told["framing:8:8:1"], f"status {OK} written 4097 content ok")
                self.assertEqual(told["framing:80:100:1"],
                                 f"status {OK} written {100 * 512 + 1} content ok")

    def test_the_first_and_the_last_sector_work_and_the_next_one_does_not(self):
        last = 8 * MIB // 512 - 1
        told = self.drive(f"read:0:1:1 read:{last}:1:1 read:{last + 1}:1:1 read:{last}:2:1 "
                          f"write:{last}:1:7 write:{last + 1}:1:7 write:{last}:2:9")
        self.assertIn("content ok", told["read:0:1:1"])
        self.assertIn("content ok", told[f"read:{last}:1:1"])
        for word in (f"read:{last + 1}:1:1", f"read:{last}:2:1", f"write:{last + 1}:1:7",
                     f"write:{last}:2:9"):
            self.assertRegex(told[word], rf"^status {IO_ERROR} ", word)
        self.assertEqual(os.path.getsize(self.disk), 8 * MIB)
        self.assert_holds(last, 1, 7)

    def test_what_it_does_not_know_is_unsupported(self):
        told = self.drive("raw:99:0:0:0 raw:10:0:6:1 raw:4294967295:0:512:1 read:0:8:1")
        for word in ("raw:99:0:0:0", "raw:10:0:6:1", "raw:4294967295:0:512:1"):
            self.assertRegex(told[word], rf"^status {UNSUPPORTED} ", word)
        self.assertIn("content ok", told["read:0:8:1"])

    def test_parts_of_sectors_are_refused(self):
        told = self.drive("raw:0:0:511:1 raw:0:0:513:1 raw:1:0:100:0 read:0:8:1")
        for word in ("raw:0:0:511:1", "raw:0:0:513:1", "raw:1:0:100:0"):
            self.assertRegex(told[word], rf"^status [{IO_ERROR}{UNSUPPORTED}] ", word)
        self.assertIn("content ok", told["read:0:8:1"])
        self.assert_holds(0, 1, 1)

    def test_the_serial_number_is_told(self):
        self.assertIn('"rd-42"', self.drive("id", "id=rd-42")["id"])
        self.assertIn('"twenty-characters-id"', self.drive("id", "id=twenty-characters-id")["id"])


class Configuration(BlockTestCase):
    def info(self, options=""):
        text = self.drive("info", options)["info"]
        return {name: int(number, 0) for name, number in re.findall(r"(\w+) (0x\w+|\d+)", text)}

    def test_it_tells_capacity_queues_and_limits(self):
        info = self.info("queues=3")
        self.assertEqual(info["capacity"], 8 * MIB // 512)
        self.assertEqual(info["num_queues"], 3)
        self.assertGreaterEqual(info["seg_max"], 126)
        self.assertGreaterEqual(info["blk_size"], 512)
        self.assertGreater(info["max_discard_sectors"], 0)
        self.assertGreater(info["max_write_zeroes_sectors"], 0)

    def test_features_follow_the_options(self):
        offered = self.info()["offered"]
        self.assertEqual(offered & (READ_ONLY | FLUSH | DISCARD | WRITE_ZEROES),
                         FLUSH | DISCARD | WRITE_ZEROES)
        self.assertEqual(self.info("discard=off")["offered"] & DISCARD, 0)
        self.assertEqual(self.info("queues=2")["offered"] & MULTI_QUEUE, MULTI_QUEUE)
        self.assertEqual(self.info("ro")["offered"] & READ_ONLY, READ_ONLY)

    def test_it_works_with_no_feature_but_version_1(self):
        told = self.drive("features=0 wait=interrupt info read:8:8:1 write:8:8:5 read:8:8:5")
        self.assertIn("accepted 0x100000000 ", told["info"])
        self.assertIn("content ok", told["read:8:8:5"])
        self.assert_holds(8, 8, 5)


class Discard(BlockTestCase):
    def blocks(self):
        return os.stat(self.disk).st_blocks

    def test_discarded_ranges_are_given_back_to_the_host(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                make_disk(self.disk, 8 * MIB)
                before = self.blocks()
                told = self.drive("discard:2048:4096:8192:2048 flush", f"engine={engine}")
                self.assertEqual(told["discard:2048:4096:8192:2048"], f"status {OK} written 1")
                self.assertLessEqual(self.blocks(), before - 6000)
                self.assert_holds(0, 2048, 1)
                self.assert_holds(6144, 2048, 1)
                self.assert_holds(10240, 2048, 1)
                self.assert_holds(2048, 64, 0)

    def test_zeroes_are_read_back_with_and_without_unmapping(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                make_disk(self.disk, 8 * MIB)
                told = self.drive("zeroes:1001:7 zeroes:4096:1024:1 read:1001:7:0 read:4096:1024:0 "
                                  "read:993:8:1 read:1008:8:1", f"engine={engine}")
                for word, answer in told.items():
                    self.assertRegex(answer, rf"^status {OK} ", word)
                self.assert_holds(1001, 7, 0)
                self.assert_holds(4096, 1024, 0)
                self.assert_holds(993, 8, 1)
                self.assert_holds(5120, 8, 1)

    def test_ranges_past_the_end_are_errors(self):
        told = self.drive("discard:16380:8 zeroes:16380:8 zeroes:18446744073709551615:8 read:8:8:1")
        for word in ("discard:16380:8", "zeroes:16380:8", "zeroes:18446744073709551615:8"):
            self.assertRegex(told[word], rf"^status {IO_ERROR} ", word)
        self.assert_holds(16376, 8, 1)

    def test_flags_that_the_specification_does_not_have_are_unsupported(self):
        told = self.drive("raw:13:0:16:0:2 raw:11:0:16:0:1 read:0:8:1")
        self.assertRegex(told["raw:13:0:16:0:2"], rf"^status {UNSUPPORTED} ")
        self.assertRegex(told["raw:11:0:16:0:1"], rf"^status {UNSUPPORTED} ")
        self.assertIn("content ok", told["read:0:8:1"])


class ReadOnly(BlockTestCase):
    def test_nothing_that_writes_is_done(self):
        before = Path(self.disk).read_bytes()
        told = self.drive("read:8:8:1 write:8:8:5 discard:8:8 zeroes:8:8 flush read:8:8:1", "ro")
        self.assertEqual(told["write:8:8:5"].split()[:2], ["status", str(IO_ERROR)])
        for word in ("discard:8:8", "zeroes:8:8"):
            self.assertRegex(told[word], rf"^status [{IO_ERROR}{UNSUPPORTED}] ", word)
        self.assertIn("content ok", told["read:8:8:1"])
        self.assertEqual(Path(self.disk).read_bytes(), before)


class Queues(BlockTestCase):
    def test_requests_on_all_queues_come_back_on_their_own(self):
        for arguments in ((), ("--io-threads", "3")):
            with self.subTest(arguments=arguments):
                count = amount(600) or 64
                told = self.drive(f"queues=4 many:0:{count}:1:16 read:8:8:1:3 write:16:8:4:2",
                                  "queues=4", *arguments)
                self.assertRegex(told[f"many:0:{count}:1:16"],
                                 rf"^{count} of {count} failed 0 wrong 0 queues 4 ")
                self.assertIn("content ok", told["read:8:8:1:3"])
                self.assert_holds(16, 8, 4)
                make_disk(self.disk, 8 * MIB)

    def test_a_driver_may_use_fewer_queues_and_smaller_rings(self):
        told = self.drive("queues=1 queue_size=4 read:8:8:1 many:0:50:1:8", "queues=4")
        self.assertIn("content ok", told["read:8:8:1"])
        self.assertIn("failed 0 wrong 0 queues 1", told["many:0:50:1:8"])


class Resets(BlockTestCase):
    def test_a_reset_leaves_memory_alone_and_the_device_goes_on(self):
        for options in ("engine=uring", f"engine=uring{self.direct()}", "engine=sync"):
            with self.subTest(options=options):
                told = self.drive(
                    "queues=2 reset_in_flight:0:24:1 read:8:8:1 reset_in_flight:0:24:6:1 "
                    "reset_in_flight:0:3:6 again read:8192:8:1 write:8192:8:3 read:8192:8:3",
                    f"{options},queues=2")
                for word, answer in told.items():
                    if word.startswith("reset_in_flight"):
                        self.assertRegex(
                            answer, r"in flight, reset done, memory left alone, up again")
                self.assertIn("content ok", told["read:8192:8:3"])
                make_disk(self.disk, 8 * MIB)

    def test_one_queue_is_reset_on_its_own(self):
        told = self.drive("queues=2 queue_reset:0 read:8:8:1:0 queue_reset:1 read:8:8:1:1 "
                          "read:16:8:1:0", "queues=2")
        self.assertEqual(told["queue_reset:0"], "reset done, set up again")
        self.assertEqual(told["queue_reset:1"], "reset done, set up again")
        for word in ("read:8:8:1:0", "read:8:8:1:1", "read:16:8:1:0"):
            self.assertIn("content ok", told[word])


class SeveralDisks(BlockTestCase):
    def test_each_is_found_in_the_order_of_the_command_line(self):
        other = make_disk(self.folder() / "other", 4 * MIB, seed=5)
        for number, capacity, seed in ((0, 16384, 1), (1, 8192, 5)):
            told = self.drive(f"disk={number} info read:8:8:{seed} write:16:8:9", "", "-d", other)
            self.assertIn(f"capacity {capacity} ", told["info"])
            self.assertIn("content ok", told[f"read:8:8:{seed}"])
        self.assert_holds(16, 8, 9)
        self.assertEqual(sectors(other, 16, 8), sector_pattern(16, 8, 9))


class Resizing(BlockTestCase):
    def resize(self, size):
        with open(self.disk, "r+b") as file:
            file.truncate(size)

    def test_a_file_that_grows_or_shrinks_is_announced(self):
        skiff = self.start_payload("virtio_block", "resized read:16384:8:0 resized read:8192:1:1",
                                   "-d", self.disk)
        skiff.expect("resized: waiting at capacity 16384\r?\n")
        self.resize(16 * MIB)
        skiff.expect("resized: capacity 32768 generation changed\r?\n")
        skiff.expect("read:16384:8:0: status 0 written 4097 content ok\r?\n")
        skiff.expect("resized: waiting at capacity 32768\r?\n")
        self.resize(4 * MIB)
        skiff.expect("resized: capacity 8192 generation changed\r?\n")
        skiff.expect(rf"read:8192:1:1: status {IO_ERROR} ")
        self.assertEqual(skiff.wait().status, 0)

    def test_a_file_cut_short_under_requests_is_an_io_error_and_no_more(self):
        for engine in ENGINES:
            with self.subTest(engine=engine):
                make_disk(self.disk, 8 * MIB)
                skiff = self.start_payload("virtio_block", "info many:0:1024:1:8 read:0:8:1",
                                           "-d", f"{self.disk},engine={engine}")
                skiff.expect("info: ")
                # Not by a descriptor that is closed afterwards: nobody is told of it.
                os.truncate(self.disk, 1 * MIB)
                told = skiff.expect(r"many:0:1024:1:8: 1024 of 1024 failed (\d+) wrong (\d+) ",
                                     seconds=40)
                # At most the first MiB and what was read before the cut.
                self.assertGreater(int(told[1]), 0)
                self.assertEqual(int(told[2]), 0)
                skiff.expect("read:0:8:1: status 0 written 4097 content ok\r?\n")
                self.assertEqual(skiff.wait().status, 0)


class Polling(BlockTestCase):
    def test_a_disk_that_has_nothing_to_do_costs_nothing(self):
        for poll in some(("auto", "off", "200")):
            with self.subTest(poll=poll):
                skiff = self.start_payload("virtio_block", "many:0:200:1:16 resized", "-d", self.disk,
                                           "--io-poll", poll)
                skiff.expect("many:0:200:1:16: 200 of 200 failed 0 wrong 0 ")
                skiff.expect("resized: waiting")
                before, began = skiff.cpu_seconds(), time.monotonic()
                time.sleep(1)
                spent = (skiff.cpu_seconds() - before) / (time.monotonic() - began)
                self.assertLess(spent, 0.2 * time_factor())
                skiff.kill()


class Limits(BlockTestCase):
    def seconds_of(self, words, options):
        """How long each `many` took."""
        told = self.drive(words, options)
        return {word: int(re.search(r"ns (\d+)", answer)[1]) / 1e9 for word, answer in told.items()}

    def test_operations_are_held_to_their_limit(self):
        # The first run takes what the bucket holds at the start.
        took = self.seconds_of("many:0:50:1:32 many:0:250:1:32", "iops=250")
        self.assertGreater(took["many:0:250:1:32"], 0.9)
        self.assertLess(took["many:0:250:1:32"], 1.3 * time_factor())

    def test_bytes_are_held_to_their_limit(self):
        took = self.seconds_of("many:0:10:1:8:0:65536 many:0:64:1:8:0:65536", "bw=4M/s")
        self.assertGreater(took["many:0:64:1:8:0:65536"], 0.9)
        self.assertLess(took["many:0:64:1:8:0:65536"], 1.3 * time_factor())


if __name__ == "__main__":
    main()
