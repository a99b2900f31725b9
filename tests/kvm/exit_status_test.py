# SPDX-License-Identifier: Apache-2.0
"""How a run ends, and with which status (docs/architecture.md has the table)."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, backend, main, payload_path, some  # noqa: E402

WRONG_COMMAND_LINE = 2
KERNEL_PANICKED = 70
TRIPLE_FAULT = 71
KVM_COULD_NOT_GO_ON = 72
TIMEOUT = 124
PAYLOAD_WENT_ON = 3


class GuestEnds(SkiffTestCase):
    def test_a_guest_says_hello_and_powers_off(self):
        finished = self.run_payload("hello")
        self.assertEqual(finished.text, "Hello from a freestanding guest\n")
        self.assertEqual(finished.status, 0)

    def test_power_off_gives_the_status_that_the_guest_left(self):
        for by in ("port", "mmio"):
            for status in some((0, 5, 255)):
                with self.subTest(by=by, status=status):
                    finished = self.run_payload("power_off", f"by={by} status={status}")
                    self.assertEqual(finished.status, status)
                    self.assertNotIn("still here", finished.text)

    def test_reset_ends_the_run(self):
        for by in ("i8042", "power_control"):
            for status in (0, 9):
                with self.subTest(by=by, status=status):
                    finished = self.run_payload("reset", f"by={by} status={status}")
                    self.assertEqual(finished.text, f"resetting by {by}\n")
                    self.assertEqual(finished.status, status)

    def test_a_reset_port_that_the_machine_lacks_does_nothing(self):
        finished = self.run_payload("reset", "by=port_cf9")
        self.assertEqual(finished.status, PAYLOAD_WENT_ON)

    def test_debug_exit_shifts_the_value_and_sets_bit_zero(self):
        for value, status in some(((0, 1), (9, 19), (127, 255), (128, 1))):
            with self.subTest(value=value):
                finished = self.run_payload("debug_exit", f"value={value}", "--debug-exit")
                self.assertEqual(finished.status, status)

    def test_debug_exit_takes_each_width(self):
        for width in some((1, 2, 4)):
            with self.subTest(width=width):
                finished = self.run_payload("debug_exit", f"value=9 width={width}", "--debug-exit")
                self.assertEqual(finished.status, 19)

    def test_debug_exit_may_have_another_port(self):
        finished = self.run_payload("debug_exit", "value=4 port=0x501", "--debug-exit=0x501")
        self.assertEqual(finished.status, 9)

    def test_there_is_no_debug_exit_unless_asked_for(self):
        finished = self.run_payload("debug_exit", "value=9")
        self.assertEqual(finished.status, PAYLOAD_WENT_ON)

    def test_a_triple_fault_has_its_own_status(self):
        finished = self.run_payload("triple_fault")
        self.assertEqual(finished.text, "about to fault\n")
        self.assertEqual(finished.status, TRIPLE_FAULT)

    def test_an_instruction_that_kvm_refuses_has_its_own_status(self):
        for instruction in ("fwait", "popcnt"):
            with self.subTest(instruction=instruction):
                finished = self.run_payload("refused_instruction", f"instruction={instruction}")
                self.assertIn(f"about to execute {instruction}\n", finished.text)
                if backend() == "pvm":
                    self.assertEqual(finished.status, KVM_COULD_NOT_GO_ON)
                    self.assertNotIn("executed", finished.text)
                else:
                    self.assertEqual(finished.status, 0)
                    self.assertIn("\nexecuted\n", finished.text)

    def test_a_panic_seen_on_the_console_has_its_own_status(self):
        for then in ("reset", "halt"):
            with self.subTest(then=then):
                finished = self.run_payload("kernel_panic", f"then={then}")
                self.assertIn("Kernel panic", finished.text)
                self.assertEqual(finished.status, KERNEL_PANICKED)


class Timeout(SkiffTestCase):
    def test_a_halted_guest_is_stopped(self):
        self.check("halt")

    def test_a_busy_guest_is_stopped(self):
        self.check("spin")

    def check(self, mode):
        finished = self.run_payload("hang", f"mode={mode}", "--timeout", "1")
        self.assertEqual(finished.text, "hanging\n")
        self.assertEqual(finished.status, TIMEOUT)
        self.assertGreaterEqual(finished.seconds, 0.9)

    def test_a_guest_that_ends_in_time_keeps_its_status(self):
        self.assertEqual(self.run_payload("power_off", "status=6", "--timeout", "30").status, 6)


class WrongCommandLine(SkiffTestCase):
    def test_each_mistake_gives_status_2_and_one_line(self):
        hello = payload_path("hello")
        mistakes = {
            "no kernel": ["run"],
            "unknown option": ["run", hello, "--no-such-option"],
            "no processors": ["run", hello, "-c", "0"],
            "too many processors": ["run", hello, "-c", "255"],
            "processors not a number": ["run", hello, "-c", "two"],
            "no memory": ["run", hello, "-m", "0"],
            "memory not a size": ["run", hello, "-m", "lots"],
            "memory beyond any machine": ["run", hello, "-m", "99999999999999999999G"],
            "negative time-out": ["run", hello, "--timeout", "-1"],
            "unknown serial back end": ["run", hello, "--serial", "carrier-pigeon"],
            "unknown entry": ["run", hello, "--entry", "sideways"],
            "initrd that is not there": ["run", hello, "-i", "/nowhere/initrd"],
            "initrd that is a folder": ["run", hello, "-i", "/"],
            "command line too long": ["run", hello, "-a", "x" * 100_000],
        }
        for what, arguments in mistakes.items():
            with self.subTest(what):
                finished = self.run_skiff(*arguments)
                self.assertEqual(finished.status, WRONG_COMMAND_LINE, finished.error_text)
                self.assertEqual(len(finished.error_text.splitlines()), 1, finished.error_text)
                self.assertEqual(finished.output, b"")

    def test_a_host_file_that_cannot_be_written_is_named(self):
        path = "/nowhere/console.txt"
        finished = self.run_payload("hello", "", "--serial", f"file={path}")
        self.assertIn(finished.status, (1, 2))
        self.assertIn(path, finished.error_text)
        self.assertEqual(len(finished.error_text.splitlines()), 1, finished.error_text)


if __name__ == "__main__":
    main()
