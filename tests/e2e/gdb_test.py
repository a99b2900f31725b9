# SPDX-License-Identifier: Apache-2.0
"""gdb on a Linux guest, from its first instruction: what a kernel developer does first."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from gdb_client import Gdb  # noqa: E402
from linux_guest import main  # noqa: E402
from skiff_runner import SkiffTestCase, image_path  # noqa: E402


class LinuxKernel(SkiffTestCase):
    def test_breaks_steps_watches_and_writes_in_a_kernel(self):
        socket = str(self.folder() / "gdb")
        guest = self.start("run", "-k", image_path("vmlinux"), "-i", image_path("initramfs.cpio"),
                           "-m", "128M", "--gdb", f"unix:{socket}", "--gdb-wait")
        guest.expect("gdb: the guest waits", stream="stderr")
        text = Gdb([f"target remote {socket}",
                    # Not mapped yet: paging is off.
                    "break start_kernel", "continue", "stepi", "delete",
                    "break rest_init", "continue", "backtrace",
                    "watch *(unsigned long *)&jiffies", "continue", "backtrace 1", "delete",
                    "set var *(char *)&linux_banner = 'G'", "x/s (char *)&linux_banner",
                    "monitor walk ffffffff81000000", "kill"], image_path("vmlinux")).output(120)
        self.assertRegex(text, r"Breakpoint 1, 0xf+[0-9a-f]+ in start_kernel \(\)")
        self.assertRegex(text, r"0xf+[0-9a-f]+ in start_kernel \(\)\nBreakpoint 2 ")
        self.assertRegex(text, r"#0 +0xf+[0-9a-f]+ in rest_init \(\)(.|\n)*#\d .* in start_kernel \(\)")
        self.assertRegex(text, r"Old value = \d+\nNew value = \d+\n0xf+[0-9a-f]+ in \w+")
        self.assertRegex(text, r'"Ginux version ')
        self.assertIn("0xffffffff81000000 is at guest physical 0x1000000", text)
        self.assertEqual(guest.wait().status, 0)


if __name__ == "__main__":
    main(needs=("kvm", "images"))
