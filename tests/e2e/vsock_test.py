#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Linux's AF_VSOCK and programs of the host: connections both ways, with contents, half closes and ends."""

import random
import tempfile
import threading
import unittest
from pathlib import Path

from linux_guest import BOOT_SECONDS, expect_ready, linux_arguments, main
from skiff_runner import Skiff, time_factor
from vsock_streams import OneService, ask, md5_line

SIZE = 64 * 1024  # more than a packet; each byte is dear where the guest's kernel mode is emulated
PARALLEL = 4


class Sockets(unittest.TestCase):
    """One boot; what its streams carried, a test for each fact."""

    # Each `vsock` is one stream, which is the command's standard input and output.
    COMMAND = ("vsock listen 5000 md5sum & vsock listen 5001 cat &"
               " vsock connect 6000 md5sum; echo refused; vsock connect 6001 cat; echo status=$?;"
               " echo listening; read line; exit 6")

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="skiff-test-")
        cls.addClassCleanup(folder.cleanup)
        cls.path = Path(folder.name) / "v.sock"
        cls.data = random.Random(1).randbytes(SIZE)
        service = OneService(cls.path, 6000, cls.data)
        skiff = Skiff(*linux_arguments("-v", "--vsock", f"cid=3,path={cls.path}", command=cls.COMMAND),
                      stdin="pipe")
        cls.addClassCleanup(skiff.kill)
        expect_ready(skiff)
        skiff.expect(r"listening\r?\n", BOOT_SECONDS)
        cls.checksum = ask(cls.path, 5000, cls.data)
        cls.echoes = cls.ask_in_parallel()
        cls.nobody = ask(cls.path, 5999, b"")
        skiff.send("end\n")
        cls.finished = skiff.wait(BOOT_SECONDS)
        cls.answer_of_guest = service.answer()
        cls.text = cls.finished.text

    @classmethod
    def ask_in_parallel(cls):
        answers = [b""] * PARALLEL

        def ask_one(number):
            answers[number] = ask(cls.path, 5001, b"%d" % number * 5000)

        threads = [threading.Thread(target=ask_one, args=(number,)) for number in range(PARALLEL)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(2 * BOOT_SECONDS * time_factor())
        return answers

    def test_the_guest_ends_by_itself_and_the_socket_is_removed(self):
        self.assertEqual(self.finished.status, 6, self.text + self.finished.error_text)
        self.assertFalse(self.path.exists())

    def test_a_hosts_client_is_answered_after_its_half_close(self):
        line, _, answer = self.checksum.partition(b"\n")
        self.assertRegex(line, rb"^OK \d+$")
        self.assertEqual(answer, md5_line(self.data))

    def test_a_guests_client_is_answered_and_answers_after_the_hosts_half_close(self):
        self.assertEqual(self.answer_of_guest, md5_line(self.data))

    def test_streams_in_parallel_do_not_mix(self):
        for number, answer in enumerate(self.echoes):
            self.assertEqual(answer.partition(b"\n")[2], b"%d" % number * 5000)

    def test_who_finds_nobody_is_told_on_both_sides(self):
        self.assertEqual(self.nobody, b"")
        self.assertRegex(self.text, r"refused\s+vsock: cannot connect: error 104\s+status=1\s")

    def test_the_log_counts_streams(self):
        self.assertIn(f"vsock: {1 + PARALLEL} streams from the host, 1 from the guest, 2 refused",
                      self.finished.error_text)


if __name__ == "__main__":
    main(needs=("kvm", "images"))
