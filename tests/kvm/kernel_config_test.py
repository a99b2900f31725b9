# SPDX-License-Identifier: Apache-2.0
"""What a kernel's configuration lacks is said at the start, in words of the command line."""

import shutil
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, main, payload_path  # noqa: E402

TITLE = "# Linux/x86 6.1.0 Kernel Configuration\n"


class KernelConfiguration(SkiffTestCase):
    def run_with(self, configuration, *arguments):
        """Runs a kernel in whose folder this `.config` is."""
        folder = self.folder()
        shutil.copy(payload_path("hello"), folder / "vmlinux")
        (folder / ".config").write_text(TITLE + configuration, encoding="ascii")
        (folder / "disk").write_bytes(bytes(1 << 20))
        return self.run_skiff("run", "vmlinux", *arguments, cwd=folder)

    def test_what_is_missing_is_named_in_one_line_and_the_guest_runs_all_the_same(self):
        finished = self.run_with("CONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_VIRTIO_BLK=y\n", "-d", "disk",
                                 "-c", "2", "-q")
        self.assertEqual(finished.status, 0)
        self.assertIn("Hello", finished.text)
        self.assertEqual(finished.error_text.splitlines(), [
            "skiff: this kernel lacks CONFIG_VIRTIO_MMIO=y, which each virtio device needs; CONFIG_ACPI=y "
            "or CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES=y, which each virtio device needs; CONFIG_SMP=y, which "
            "-c needs (by the configuration in .config)"])

    def test_a_module_is_told_apart_where_the_guest_may_load_it(self):
        configuration = ("CONFIG_SERIAL_8250_CONSOLE=y\nCONFIG_VIRTIO_MMIO=m\nCONFIG_ACPI=y\n"
                         "CONFIG_VIRTIO_BLK=y\nCONFIG_VIRTIO_BALLOON=m\n")
        finished = self.run_with(configuration, "-d", "disk", "--balloon", "size=1M")
        self.assertIn("skiff: modules that the guest has to load: CONFIG_VIRTIO_BALLOON=m, which --balloon "
                      "needs; CONFIG_VIRTIO_MMIO=m, which", finished.error_text)
        self.assertNotIn("lacks", finished.error_text)
        finished = self.run_with(configuration, "--balloon", "size=1M", "-q")
        self.assertIn("lacks CONFIG_VIRTIO_BALLOON=m, which --balloon needs", finished.error_text)

    def test_nothing_is_said_where_nothing_is_missing_or_known(self):
        finished = self.run_with("CONFIG_SERIAL_8250_CONSOLE=y\n", "-q")
        self.assertEqual((finished.status, finished.error_text), (0, ""))
        finished = self.run_payload("hello", "", "-q", "-c", "2")
        self.assertEqual((finished.status, finished.error_text), (0, ""))


if __name__ == "__main__":
    main()
