# SPDX-License-Identifier: Apache-2.0
"""Stopping a guest from outside: the power button and signals."""

import re
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, main  # noqa: E402

# 128 + the number of the signal.
STOPPED_BY_SIGTERM = 143
STOPPED_BY_SIGINT = 130


class Signals(SkiffTestCase):
    def test_sigterm_presses_the_power_button(self):
        skiff = self.start_payload("power_button")
        skiff.expect("waiting for the power button")
        skiff.signal(signal.SIGTERM)
        finished = skiff.wait()
        self.assertIn("interrupt 1\nall as expected\n", finished.text)
        self.assertEqual(finished.status, 0)

    def test_without_acpi_sigterm_presses_ctrl_alt_del(self):
        skiff = self.start_payload("keyboard", "", "--no-acpi")
        skiff.expect("waiting for keys")
        skiff.signal(signal.SIGTERM)
        finished = skiff.wait()
        # Set 1: left Ctrl, left Alt, Delete; 0xe0 marks the keys beside the main block.
        keys = re.findall(r"key (\w+)\n", finished.text)
        self.assertEqual([key for key in keys if key != "0xe0"][:3], ["0x1d", "0x38", "0x53"])
        self.assertEqual(finished.status, 0)

    def test_a_guest_that_ignores_the_button_is_stopped_after_the_grace_time(self):
        skiff = self.start_payload("power_button", "ignore=1", "--grace", "1")
        skiff.expect("waiting for the power button")
        sent = time.monotonic()
        skiff.signal(signal.SIGTERM)
        skiff.expect("interrupt 1")
        finished = skiff.wait()
        self.assertGreater(time.monotonic() - sent, 0.9)
        self.assertEqual(finished.status, STOPPED_BY_SIGTERM)

    def test_a_second_sigterm_forces(self):
        skiff = self.start_payload("power_button", "ignore=1", "--grace", "1000")
        skiff.expect("waiting for the power button")
        skiff.signal(signal.SIGTERM)
        skiff.expect("interrupt 1")
        skiff.signal(signal.SIGTERM)
        self.assertEqual(skiff.wait().status, STOPPED_BY_SIGTERM)

    def test_a_second_signal_forces_a_guest_that_is_busy(self):
        skiff = self.start_payload("hang", "mode=spin", "--grace", "1000")
        skiff.expect("hanging")
        skiff.signal(signal.SIGTERM)
        skiff.signal(signal.SIGINT)
        self.assertIn(skiff.wait().status, (STOPPED_BY_SIGTERM, STOPPED_BY_SIGINT))

    def test_sigint_presses_it_too(self):
        skiff = self.start_payload("power_button")
        skiff.expect("waiting for the power button")
        skiff.signal(signal.SIGINT)
        self.assertEqual(skiff.wait().status, 0)

    def test_being_stopped_and_continued_does_no_harm(self):
        skiff = self.start_payload("timer_interrupt")
        skiff.signal(signal.SIGSTOP)
        time.sleep(0.3)
        skiff.signal(signal.SIGCONT)
        self.assertEqual(skiff.wait().status, 0)

    def test_signals_without_a_meaning_do_not_end_it(self):
        skiff = self.start_payload("power_button")
        skiff.expect("waiting for the power button")
        for number in (signal.SIGWINCH, signal.SIGPIPE, signal.SIGCHLD):
            skiff.signal(number)
        skiff.signal(signal.SIGTERM)
        self.assertEqual(skiff.wait().status, 0)


if __name__ == "__main__":
    main()
