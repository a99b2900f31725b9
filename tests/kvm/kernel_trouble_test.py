# SPDX-License-Identifier: Apache-2.0
"""A kernel that reports an oops, a warning or a lockup on its console ends the run, as asked, soon and with
all of its stack trace; so does one that falls silent."""

import re
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, main, payload_path, time_factor  # noqa: E402

PANIC, OOPS, WARNING, LOCKUP, SILENCE, TIMEOUT = 70, 73, 74, 75, 76, 124
BOOT = "[    0.000000] Linux version 6.1.0 (a@b)\n[    0.500000] Run /init as init process\n"


def stamped(*messages):
    """Lines as printk prints them."""
    return BOOT + "".join(f"[    1.{number:06}] {message}\n" for number, message in enumerate(messages))


OOPS_TEXT = stamped("BUG: kernel NULL pointer dereference, address: 0000000000000000",
                    "#PF: supervisor write access in kernel mode",
                    "Oops: 0002 [#1] PREEMPT SMP",
                    "RIP: 0010:sysrq_handle_crash+0x12/0x20",
                    "Call Trace:",
                    " __handle_sysrq+0x9b/0x170",
                    "---[ end trace 0000000000000000 ]---",
                    "RIP: 0010:sysrq_handle_crash+0x12/0x20")
WARNING_TEXT = stamped("WARNING: CPU: 0 PID: 1 at kernel/x.c:1 f+0x1/0x2", "Call Trace:",
                       "---[ end trace 0000000000000000 ]---")
LOCKUP_TEXT = stamped("watchdog: BUG: soft lockup - CPU#0 stuck for 22s! [sh:1]", "Call Trace:")


class KernelTrouble(SkiffTestCase):
    def run_text(self, text, then, *arguments):
        """A guest that prints this and then does what `then` says."""
        module = self.folder() / "module"
        module.write_text(text, encoding="ascii")
        return self.run_payload("print_module", f"then={then}", "-i", module, *arguments)

    def test_each_trouble_has_its_status_where_it_is_to_end_the_run(self):
        for text, fail_on, status in ((OOPS_TEXT, "oops", OOPS), (OOPS_TEXT, "warn", OOPS),
                                      (LOCKUP_TEXT, "oops", LOCKUP), (WARNING_TEXT, "warn", WARNING)):
            with self.subTest(fail_on=fail_on, status=status):
                finished = self.run_text(text, "halt", "--fail-on", fail_on, "--timeout", "30")
                self.assertEqual(finished.status, status, finished.error_text)
                self.assertLess(finished.seconds, 10 * time_factor())

    def test_a_guest_that_ends_by_itself_after_an_oops_has_failed(self):
        for then in ("off", "reset"):
            with self.subTest(then=then):
                finished = self.run_text(OOPS_TEXT, then, "--fail-on", "oops", "--serial", "none")
                self.assertEqual(finished.status, OOPS, finished.error_text)
                self.assertIn("---[ end trace", finished.error_text)
                self.assertEqual(self.run_text(OOPS_TEXT, then).status, 0)

    def test_what_is_not_to_end_the_run_does_not(self):
        for text, fail_on in ((OOPS_TEXT, "panic"), (WARNING_TEXT, "oops")):
            with self.subTest(fail_on=fail_on):
                finished = self.run_text(text, "halt", "--fail-on", fail_on, "--timeout", "3")
                self.assertEqual(finished.status, TIMEOUT, finished.error_text)

    def test_a_guest_that_goes_on_printing_is_ended_all_the_same(self):
        finished = self.run_text(OOPS_TEXT, "dots", "--fail-on", "oops", "--timeout", "30")
        self.assertEqual(finished.status, OOPS)

    def test_the_trace_is_whole_and_shown_where_the_console_is_not(self):
        finished = self.run_text(OOPS_TEXT, "halt", "--fail-on", "oops", "--serial", "none", "-q")
        report = finished.error_text
        self.assertIn("the guest's kernel had an oops: BUG: kernel NULL pointer dereference", report)
        self.assertEqual(report.count("sysrq_handle_crash+0x12/0x20"), 2)
        self.assertIn("---[ end trace", report)
        self.assertNotIn("Run /init", report)

    def test_an_oops_that_leads_to_a_panic_is_a_panic(self):
        text = OOPS_TEXT + "[    2.000000] Kernel panic - not syncing: Fatal exception\n"
        finished = self.run_text(text, "halt", "--fail-on", "oops", "--serial", "none")
        self.assertEqual(finished.status, PANIC)
        self.assertIn("BUG: kernel NULL pointer", finished.error_text)

    def test_a_program_that_prints_such_words_ends_nothing(self):
        text = BOOT + "BUG: says my program\nKernel panic - not syncing: says my program\n"
        self.assertEqual(self.run_text(text, "off", "--fail-on", "warn").status, 0)
        finished = self.run_text(text, "reset", "--fail-on", "warn")
        self.assertEqual(finished.status, 0)

    def test_a_panicked_kernel_that_waits_before_it_reboots_is_not_waited_for(self):
        text = stamped("Kernel panic - not syncing: a test", "Rebooting in 60 seconds..")
        finished = self.run_text(text, "halt", "--timeout", "40")
        self.assertEqual(finished.status, PANIC)
        self.assertLess(finished.seconds, 20 * time_factor())


class Silence(SkiffTestCase):
    def test_a_silent_guest_is_ended_and_where_it_stood_is_told(self):
        finished = self.run_payload("hang", "mode=spin", "--silence-timeout", "0.5", "--timeout", "60")
        self.assertEqual(finished.status, SILENCE)
        self.assertIn("printed nothing for too long: 0.5 s", finished.error_text)
        self.assertRegex(finished.error_text, r"RIP.*run")

    def test_a_guest_that_prints_is_not(self):
        finished = self.run_payload("print_module", "then=dots", "--silence-timeout", "1", "--timeout", "3",
                                    "-i", payload_path("hello"))
        self.assertEqual(finished.status, TIMEOUT)


class Symbols(SkiffTestCase):
    def test_raw_addresses_get_their_names_also_where_the_console_was_seen(self):
        folder = self.folder()
        source = folder / "kernel.S"
        source.write_text(".globl broken_function\n.type broken_function, @function\nbroken_function: "
                          ".skip 64\n.size broken_function, 64\n", encoding="ascii")
        vmlinux = folder / "vmlinux"
        subprocess.run(["gcc", "-c", "-o", folder / "kernel.o", source], check=True)
        subprocess.run(["ld", "-Ttext=0xffffffff81000000", "-e", "broken_function", "-o", vmlinux,
                        folder / "kernel.o"], check=True)
        module = folder / "module"
        module.write_text(stamped("BUG: unable to handle page fault for address: ffffffff81000008",
                                  "RIP: 0010:0xffffffff81000010", "RAX: ffffffff81000010",
                                  " [<ffffffff81000020>] ? 0x0"), encoding="ascii")
        finished = self.run_payload("print_module", "then=halt", "-i", module, "--fail-on", "oops",
                                    "--vmlinux", vmlinux, "-q")
        self.assertEqual(finished.status, OOPS)
        self.assertIn("RIP: 0010:0xffffffff81000010 (broken_function+0x10)", finished.error_text)
        self.assertIn("[<ffffffff81000020>] (broken_function+0x20) ? 0x0", finished.error_text)
        self.assertTrue(re.search(r"RAX: ffffffff81000010$", finished.error_text, re.MULTILINE))


if __name__ == "__main__":
    main()
