# SPDX-License-Identifier: Apache-2.0
"""`cmake --install`: the binary, man pages and completions land where the system looks for them."""

import os
import subprocess
import tempfile
from pathlib import Path

from command import COMMANDS, CommandTestCase, main, skiff


class InstallTest(CommandTestCase):
    def test_everything_is_installed(self):
        with tempfile.TemporaryDirectory() as prefix:
            finished = subprocess.run(["cmake", "--install", os.environ["SKIFF_BUILD"], "--prefix", prefix],
                                      stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                      timeout=60, check=False)
            self.assertEqual(finished.returncode, 0, finished.stderr)
            root = Path(prefix)
            self.assertTrue(os.access(root / "bin/skiff", os.X_OK))
            for page in ("skiff", *(f"skiff-{command}" for command in COMMANDS)):
                text = (root / f"share/man/man1/{page}.1").read_text(encoding="utf-8")
                self.assertEqual(text.splitlines()[0].split('"')[1], page.upper().replace("-", "\\-"))
            self.assertEqual((root / "share/bash-completion/completions/skiff").read_text(encoding="utf-8"),
                             skiff("completion", "bash").stdout)
            self.assertEqual((root / "share/zsh/site-functions/_skiff").read_text(encoding="utf-8"),
                             skiff("completion", "zsh").stdout)


if __name__ == "__main__":
    main()
