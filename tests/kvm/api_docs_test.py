# SPDX-License-Identifier: Apache-2.0
"""The commands of docs/api/README.md, run as they are printed."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SKIPPED, SkiffTestCase, main, payload_path, skiff_path, time_factor  # noqa: E402

PAGE = Path(__file__).resolve().parents[2] / "docs/api/README.md"

# The commands go on as soon as skiff listens, and stop at the first that fails; curl fails where
# the answer is an error.
PREPARE = """
set -euo pipefail
curl() {
    for _ in $(seq 200); do [[ ! -S s.sock ]] || break; sleep 0.05; done
    command curl --silent --show-error --fail-with-body "$@"
}
"""


def blocks():
    """The shell text of each ```console block: what follows a "$ ", with the lines of its here-document."""
    for block in re.findall(r"^```console\n(.*?)^```$", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        yield re.sub(r"^\$ ", "", block, flags=re.MULTILINE)


# What each example is known by, and no other has.
MARKS = ("SendCtrlAltDel", "config check vm.json", "config check vm.toml", "/v1/shutdown")


def block(mark):
    """The one example with this text."""
    found, = (script for script in blocks() if mark in script)
    return found


class Examples(SkiffTestCase):
    def run_block(self, script, payload):
        folder = self.folder()
        (folder / "skiff").symlink_to(skiff_path())
        (folder / "vmlinux").symlink_to(payload_path(payload))
        (folder / "root.ext4").write_bytes(bytes(1 << 20))
        try:
            finished = subprocess.run(
                ["bash", "-c", f"PATH=$PWD:$PATH\n{PREPARE}{script}\nwait"], cwd=folder,
                stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60 * time_factor(),
                check=False)
        except subprocess.TimeoutExpired as late:
            self.fail(f"{script}\n{late.stdout}\n{late.stderr}")
        self.assertEqual(finished.returncode, 0, f"{script}\n{finished.stdout}\n{finished.stderr}")
        return finished.stdout

    def test_a_microvm_by_curl(self):
        told = self.run_block(block(MARKS[0]), "keyboard")
        self.assertIn('"state": "Running"', told)
        self.assertIn("root.ext4", told)
        self.assertIn("key 0x53", told)

    def test_a_microvm_by_a_file(self):
        told = self.run_block(block(MARKS[1]), "hello")
        self.assertIn("vm.json: fine", told)
        self.assertEqual(told.count("Hello from a freestanding guest"), 2)

    def test_a_file_in_toml_and_a_dry_run(self):
        told = self.run_block(block(MARKS[2]), "hello")
        self.assertEqual(told, "vm.toml: fine\nsame.toml: fine\n")

    def test_a_shutdown_by_curl_and_its_events(self):
        told = self.run_block(block(MARKS[3]) + "\nwait\ncat events", "keyboard")
        self.assertIn("key 0x53", told)
        self.assertIn("event: ended", told)

    def test_there_are_no_other_examples(self):
        self.assertEqual(len(list(blocks())), len(MARKS))


if __name__ == "__main__":
    if shutil.which("curl") is None:
        print("SKIPPED: no curl")
        sys.exit(SKIPPED)
    main()
