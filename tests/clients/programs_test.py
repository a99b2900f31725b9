# SPDX-License-Identifier: Apache-2.0
"""Programs that were written for Firecracker, with skiff in its place: launch, describe, pause, resume, balloon,
rate limits and stop of real microVMs. What they check by themselves, they say in a line for each step."""

import os
import signal
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))
sys.path.insert(0, str(HERE))
import toolchains  # noqa: E402
from disk_pattern import make_disk  # noqa: E402
from net_namespace import WithNetwork, make_tap  # noqa: E402
from skiff_runner import SkiffTestCase, main, skiff_path, time_factor  # noqa: E402

STEPS = ("paused and resumed", "shut down by Ctrl-Alt-Del", "balloon sized", "rate limit lifted",
         "frames sent", "done")


class ProgramTestCase(WithNetwork, SkiffTestCase):
    def live(self, tap, *program):
        """Runs the program, which has the TAP."""
        folder = self.folder()
        # By the name in the place of which it is.
        binary = folder / "firecracker"
        binary.symlink_to(skiff_path())
        make_tap(tap)
        running = subprocess.Popen(
            [*program, "--firecracker", binary, "--payloads", os.environ["SKIFF_PAYLOADS"], "--folder", folder,
             "--disk", make_disk(folder / "disk", 1 << 20), "--tap", tap],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            errors="replace", start_new_session=True,
            # The SDK gives each request half a second; a busy machine may need more.
            env={**os.environ, "FIRECRACKER_GO_SDK_REQUEST_TIMEOUT_MILLISECONDS": "20000"})
        try:
            output, errors = running.communicate(timeout=200 * time_factor())
        finally:
            left = self.kill_group(running.pid)
        self.assertEqual(running.returncode, 0, output + errors[-4000:])
        for step in STEPS:
            self.assertIn(f"step: {step}\n", output)
        self.assertFalse(left, "a process is left")
        self.assertEqual([path.name for path in folder.iterdir() if path.suffix == ".sock"], [])


    @staticmethod
    def kill_group(group):
        """Whether there was anything to kill: a program that fails leaves its microVMs."""
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            return False
        return True


class Go(ProgramTestCase):
    fetch = staticmethod(toolchains.go_program)

    def test_firecrackers_sdk_drives_microvms(self):
        self.live("go0", self.fetch())


class Python(ProgramTestCase):
    @staticmethod
    def fetch():
        return toolchains.python_with("python", HERE / "python/requirements.txt")

    def test_requests_drives_microvms(self):
        self.live("py0", self.fetch(), "-B", HERE / "python/client.py")


if __name__ == "__main__":
    # Before the tests: a network namespace of their own has no way out.
    toolchains.fetch_or_skip([test.fetch for test in (Go, Python)
                              if len(sys.argv) == 1 or test.__name__ in sys.argv])
    main()
