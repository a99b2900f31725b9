# SPDX-License-Identifier: Apache-2.0
"""`skiff test`: many guests as a suite, each judged by itself."""

import os
import re
import signal
import stat
import sys
import xml.etree.ElementTree
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))

from skiff_runner import SkiffTestCase, main, payload_path, some, time_factor  # noqa: E402

EXAMPLE = Path(__file__).with_name("suite.toml")
# A case of each verdict, and the words that the reports have for it.
ONE_OF_EACH = """
[[case]]
name = "fails"
kernel = "power_off.elf"
append = "status=3"
[[case]]
name = "crashes"
kernel = "triple_fault.elf"
[[case]]
name = "panics"
kernel = "kernel_panic.elf"
[[case]]
name = "hangs"
kernel = "hang.elf"
timeout = 1
[[case]]
name = "skips itself"
kernel = "power_off.elf"
append = "status=77"
[[case]]
name = "cannot run"
kernel = "none.elf"
"""
VERDICTS = {"fails": "FAIL", "crashes": "CRASH", "panics": "CRASH", "hangs": "TIMEOUT", "skips itself": "skip",
            "cannot run": "ERROR"}


def children_of(pid):
    """The ids of processes whose parent is this one."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if int(fields[1]) == pid:
                found.append(int(entry.name))
    return found


class SuiteTestCase(SkiffTestCase):
    def suite(self, cases):
        """The path of a suite of these cases, run in the payloads' folder."""
        path = self.folder() / "suite.toml"
        folder = os.environ["SKIFF_PAYLOADS"]
        path.write_text(f'[defaults]\nfolder = "{folder}"\ntimeout = {60 * time_factor()}\n{cases}', encoding="utf-8")
        return path

    def powering_off(self, count):
        return self.suite("".join(f'[[case]]\nname = "guest {i}"\nkernel = "power_off.elf"\n' for i in range(count)))

    def verdicts(self, text):
        """Name → verdict, as the report for people has them."""
        return {match[2]: match[1] for match in re.finditer(r"^(\w+) +\d+/\d+ (.*?) \(\d+\.\d\d s\)", text, re.M)}


class Verdicts(SuiteTestCase):
    def test_the_example_suite_passes(self):
        report = self.folder() / "out.xml"
        finished = self.run_skiff("test", EXAMPLE, "-j2", "--junit", report, seconds=120)
        self.assertEqual(finished.status, 0, finished.text)
        suite = xml.etree.ElementTree.parse(report).getroot().find("testsuite")
        self.assertEqual((suite.get("name"), suite.get("failures"), suite.get("errors")), ("payloads", "0", "0"))
        self.assertEqual(int(suite.get("tests")), EXAMPLE.read_text(encoding="utf-8").count("[[case]]"))

    def test_twenty_guests_in_parallel_and_one_of_each_verdict(self):
        good = [f"guest {i}" for i in some(range(20))]
        folder = self.folder()
        path = self.suite(ONE_OF_EACH + "".join(
            f'[[case]]\nname = "{name}"\nkernel = "hello.elf"\ncontains = "Hello"\n' for name in good))
        finished = self.run_skiff("test", path, "-j20", "--junit", folder / "out.xml", f"--tap={folder}/out.tap",
                                  seconds=120)
        self.assertEqual(finished.status, 1, finished.text)
        self.assertEqual(self.verdicts(finished.text), {**VERDICTS, **{name: "pass" for name in good}})
        self.assertIn("    | about to fault\n", finished.text)
        self.assertNotIn("Hello", finished.text)
        self.assertRegex(finished.text, rf"\n{len(good) + 6} cases: {len(good)} passed, 1 failed, 2 crashed, "
                         r"1 timed out, 1 could not run, 1 skipped; ")
        self.check_junit(folder / "out.xml", good)
        self.check_tap((folder / "out.tap").read_text(encoding="utf-8"), good)

    def check_junit(self, path, good):
        suite = xml.etree.ElementTree.parse(path).getroot().find("testsuite")
        kinds = {}
        for case in suite.iter("testcase"):
            marks = [child.tag for child in case if not child.tag.startswith("system-")]
            kinds[case.get("name")] = marks
            if case.get("name") == "panics":
                self.assertIn("Kernel panic - not syncing", case.findtext("system-out"))
        self.assertEqual(kinds, {"fails": ["failure"], "crashes": ["error"], "panics": ["error"], "hangs": ["error"],
                                 "skips itself": ["skipped"], "cannot run": ["error"],
                                 **{name: [] for name in good}})

    def check_tap(self, text, good):
        self.assertTrue(text.startswith(f"TAP version 14\n1..{len(good) + 6}\n"), text)
        points = {name: mark for mark, name in
                  re.findall(r"^((?:not )?ok) \d+ - (.*?)(?: # SKIP.*)?$", text, re.M)}
        self.assertEqual(points, {**{name: "ok" for name in [*good, "skips itself"]},
                                  **{name: "not ok" for name in VERDICTS if name != "skips itself"}})
        self.assertRegex(text, r"- skips itself # SKIP the guest ended with status 77\n")

    def test_a_guest_that_should_break_down_passes_when_it_does(self):
        path = self.suite('[[case]]\nkernel = "triple_fault.elf"\nexpect = "triple-fault"\n'
                          '[[case]]\nkernel = "power_off.elf"\nexpect = "panic"\n')
        finished = self.run_skiff("test", path)
        self.assertEqual(self.verdicts(finished.text), {"triple_fault.elf": "pass", "power_off.elf": "FAIL"})
        self.assertIn("power-off (status 0), expected panic", finished.text)

    def test_the_console_decides_too(self):
        path = self.suite('[defaults.env]\nX = "y"\n[[case]]\nname = "a"\nkernel = "hello.elf"\noutput = "^Hello .* guest$"\n'
                          '[[case]]\nname = "b"\nkernel = "hello.elf"\noutput = "^Goodbye"\n'
                          '[[case]]\nname = "c"\nkernel = "hello.elf"\nforbid = "freestanding"\n')
        finished = self.run_skiff("test", path)
        self.assertEqual(self.verdicts(finished.text), {"a": "pass", "b": "FAIL", "c": "FAIL"})

    def test_images_without_a_suite(self):
        finished = self.run_skiff("test", payload_path("debug_exit"), "--expect", "33", "--arg=--append=value=16")
        self.assertEqual(finished.status, 0, finished.text)
        finished = self.run_skiff("test", os.environ["SKIFF_PAYLOADS"], "-f", "^(hello|reset).elf$", "--tap")
        self.assertEqual(finished.status, 0, finished.text)
        self.assertIn("1..2\n", finished.text)
        self.assertIn(" - hello.elf\n", finished.text)


class Running(SuiteTestCase):
    def test_all_output_is_kept_where_it_is_asked_for(self):
        size = 100_000 if time_factor() < 2 else 2_000
        folder = self.folder() / "new" / "output"
        path = self.suite(f'[[case]]\nname = "a lot"\nkernel = "serial_output.elf"\nappend = "bytes={size}"\n')
        finished = self.run_skiff("test", path, "--output-dir", folder, seconds=120)
        self.assertEqual(finished.status, 0, finished.text)
        alone = self.run_payload("serial_output", f"bytes={size}", seconds=120)
        self.assertEqual((folder / "a_lot.console").read_bytes(), alone.output)
        self.assertTrue(stat.S_ISREG((folder / "a_lot.log").stat().st_mode))

    def test_listing_filtering_and_repeating(self):
        path = self.powering_off(12)
        self.assertEqual(self.run_skiff("test", path, "--list", "-f", "1").text, "guest 1\nguest 10\nguest 11\n")
        finished = self.run_skiff("test", path, "-f", "guest 3", "--repeat", 3)
        self.assertEqual(self.verdicts(finished.text), {f"guest 3 [{i}/3]": "pass" for i in (1, 2, 3)})

    def test_the_first_failure_ends_the_run(self):
        path = self.suite('[[case]]\nname = "hangs"\nkernel = "hang.elf"\n'
                          '[[case]]\nname = "fails"\nkernel = "power_off.elf"\nappend = "status=1"\n'
                          '[[case]]\nname = "later"\nkernel = "power_off.elf"\n')
        finished = self.run_skiff("test", path, "-j2", "--fail-fast")
        self.assertEqual((finished.status, self.verdicts(finished.text)), (1, {"fails": "FAIL"}))
        self.assertRegex(finished.text, r"3 cases: 0 passed, 1 failed, 2 did not run to their end; .*--fail-fast")

    def test_ctrl_c_ends_every_guest_and_tells_what_ran(self):
        path = self.suite('[[case]]\nname = "ends"\nkernel = "power_off.elf"\n'
                          '[[case]]\nname = "hangs"\nkernel = "hang.elf"\n'
                          '[[case]]\nname = "hangs too"\nkernel = "hang.elf"\n')
        folder = self.folder()
        skiff = self.start("test", path, "-j2", "--output-dir", folder)
        skiff.expect(r"pass +1/3 ends")
        self.wait_for_guests(folder, "hangs", "hangs_too")
        children = children_of(skiff.pid)
        self.assertEqual(len(children), 2)
        skiff.signal(signal.SIGINT)
        finished = skiff.wait()
        self.assertEqual(finished.status, 128 + signal.SIGINT)
        self.assertRegex(finished.text, r"3 cases: 1 passed, 2 did not run to their end; .*interrupted")
        self.assert_gone(children)

    def test_guests_end_with_a_skiff_that_is_killed(self):
        path = self.suite('[[case]]\nname = "hangs"\nkernel = "hang.elf"\n')
        folder = self.folder()
        skiff = self.start("test", path, "--output-dir", folder)
        self.wait_for_guests(folder, "hangs")
        children = children_of(skiff.pid)
        self.assertEqual(len(children), 1)
        skiff.kill()
        self.assert_gone(children)

    def wait_for_guests(self, folder, *names):
        for name in names:
            console = folder / f"{name}.console"
            self.wait_until(lambda c=console: c.exists() and b"hanging" in c.read_bytes(), f"{name} runs")

    def assert_gone(self, pids):
        for pid in pids:
            self.wait_until(lambda p=pid: not self.is_running(p), f"the end of process {pid}")

    @staticmethod
    def is_running(pid):
        try:
            return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
        except (FileNotFoundError, ProcessLookupError):
            return False


class Mistakes(SuiteTestCase):
    def assert_wrong(self, words, *arguments):
        finished = self.run_skiff("test", *arguments)
        self.assertEqual((finished.status, finished.text), (2, ""), finished.error_text)
        self.assertRegex(finished.error_text, r"\Askiff: [^\n]+\n\Z")
        self.assertIn(words, finished.error_text)

    def test_nothing_runs_where_something_is_wrong(self):
        self.assert_wrong("PATH is missing")
        self.assert_wrong("/none/such", "/none/such")
        self.assert_wrong("suite.toml:6: unknown key 'kernl': did you mean 'kernel'?",
                          self.suite('[[case]]\nname = "x"\nkernl = "y"\n'))
        good = '[[case]]\nname = "good"\nkernel = "power_off.elf"\n'
        self.assert_wrong("case 'bad': unknown option --cpu: did you mean --cpus?",
                          self.suite(good + '[[case]]\nname = "bad"\nkernel = "x"\nargs = ["--cpu=2"]\n'))
        self.assert_wrong("--filter", self.powering_off(1), "--filter", "nothing like it")
        self.assert_wrong("--filter: '(' is no regular expression", self.powering_off(1), "--filter", "(")
        self.assert_wrong("--jobs: 0 is not from 1", self.powering_off(1), "-j0")
        self.assert_wrong("cannot write '/none/such'", self.powering_off(1), "--junit", "/none/such")
        self.assert_wrong("--expect: 'panick'", payload_path("hello"), "--expect", "panick")

    def test_a_report_that_cannot_be_written_is_told(self):
        finished = self.run_skiff("test", self.powering_off(1), "--junit", "/dev/full")
        self.assertEqual(finished.status, 1)
        self.assertIn("skiff: writing '/dev/full': No space left on device\n", finished.error_text)


class ExitFile(SkiffTestCase):
    def test_the_exit_file_tells_what_the_status_does_not(self):
        path = self.folder() / "exit"
        finished = self.run_payload("debug_exit", "value=0", "--debug-exit", "--exit-file", path)
        self.assertEqual(finished.status, 1)
        self.assertEqual(path.read_text(encoding="utf-8"), "kind=debug-exit\nstatus=1\nvalue=0\ndetail=\n")
        finished = self.run_skiff("run", "/none/such", "--exit-file", path)
        self.assertEqual((finished.status, path.read_text(encoding="utf-8")), (2, ""))


if __name__ == "__main__":
    main()
