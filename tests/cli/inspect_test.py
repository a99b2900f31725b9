# SPDX-License-Identifier: Apache-2.0
"""`skiff inspect`: its form; what it recognises is tested in tests/unit/boot."""

import json
import os
import tempfile
from pathlib import Path

from command import CommandTestCase, main, skiff


class InspectTest(CommandTestCase):
    def test_an_elf_file_is_named(self):
        finished = skiff("inspect", os.environ["SKIFF"])
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        self.assertIn("ELF", finished.stdout.splitlines()[0])
        self.assertIn("skiff run", finished.stdout.splitlines()[-1])

    def test_text_is_no_kernel(self):
        finished = skiff("inspect", "--json", "/etc/passwd")
        self.assertEqual((finished.returncode, finished.stderr), (0, ""))
        report = json.loads(finished.stdout)
        self.assertEqual(set(report), {"path", "kind", "description", "bootable", "obstacle",
                                       "properties"})
        self.assertEqual((report["path"], report["bootable"]), ("/etc/passwd", False))
        self.assertTrue(report["obstacle"])
        self.assertIn("size", report["properties"])

    def test_words_and_json_say_the_same(self):
        text = skiff("inspect", "/etc/passwd").stdout
        report = json.loads(skiff("inspect", "/etc/passwd", "--json").stdout)
        self.assertIn(report["description"], text)
        for value in report["properties"].values():
            self.assertIn(value, text)

    def test_a_file_name_cannot_drive_the_terminal(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a\x1b[2Jb\nc"
            path.write_text("text", encoding="utf-8")
            self.assertIn("a\\x1b[2Jb\\x0ac", skiff("inspect", path).stdout.splitlines()[0])
            self.assertEqual(json.loads(skiff("inspect", "--json", path).stdout)["path"], str(path))

    def test_a_file_that_cannot_be_read_gets_one_line(self):
        self.assert_one_error_line(skiff("inspect", "/nonexistent"), 2, "/nonexistent")
        self.assert_one_error_line(skiff("inspect", "/"), 2, "'/'")


if __name__ == "__main__":
    main()
