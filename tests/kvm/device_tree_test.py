# SPDX-License-Identifier: Apache-2.0
"""The device tree of --fdt, read back with dtc, and how it takes the place of ACPI."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SKIPPED, SkiffTestCase, main, payload_path  # noqa: E402


def node(source, name):
    """The body of a node without children."""
    return re.search(rf"\t{re.escape(name)} {{\n(.*?)\n\t}};", source, re.DOTALL)[1]


class DeviceTree(SkiffTestCase):
    def dumped(self, *arguments):
        """What dtc makes of the blob of a dry run. dtc checks the blob's structure, and a warning of
        its checks of the contents fails the test."""
        blob = self.folder() / "skiff.dtb"
        finished = self.run_skiff("run", payload_path("linux64"), "--fdt", "--dry-run", "--dump-dtb",
                                  blob, "--entry", "linux64", *arguments)
        self.assertEqual(finished.status, 0, finished.error_text)
        dtc = subprocess.run(["dtc", "-I", "dtb", "-O", "dts", str(blob)], stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, text=True, timeout=20, check=False)
        self.assertEqual((dtc.returncode, dtc.stderr), (0, ""))
        return dtc.stdout

    def test_dtc_reads_memory_command_line_and_interrupt_controller(self):
        source = self.dumped("-m", "5G", "-a", "told=so")
        self.assertIn("reg = <0x00 0x00 0x00 0xc0000000>;", node(source, "memory@0"))
        self.assertIn("reg = <0x01 0x00 0x00 0x80000000>;", node(source, "memory@100000000"))
        self.assertRegex(node(source, "chosen"), r'bootargs = "[^"]*told=so')
        controller = node(source, "interrupt-controller@fec00000")
        self.assertIn('compatible = "intel,ce4100-ioapic";', controller)
        self.assertIn("phandle = <0x01>;", controller)
        self.assertIn("interrupt-parent = <0x01>;", source)

    def test_dtc_reads_a_node_a_virtio_device(self):
        source = self.dumped()
        entropy = node(source, "virtio_mmio@d0000000")
        for line in ('compatible = "virtio,mmio";', "reg = <0x00 0xd0000000 0x00 0x1000>;",
                     "interrupts = <0x05 0x03>;"):
            self.assertIn(line, entropy)
        self.assertEqual(len(re.findall(r"virtio_mmio@", source)), 1)
        self.assertNotIn("virtio_mmio@", self.dumped("--no-rng"))

    def test_the_tree_takes_the_place_of_acpi_and_of_parameters(self):
        finished = self.run_payload("linux64", "", "--fdt", "--entry", "linux64")
        self.assertEqual(finished.status, 0, finished.text)
        self.assertNotIn("virtio_mmio.device=", finished.text)
        self.assertRegex(finished.text, r"rsdp 0x0\b")

    def test_pvh_and_a_device_tree_exclude_each_other(self):
        finished = self.run_payload("hello", "", "--fdt", "--entry", "pvh")
        self.assertEqual(finished.status, 2)
        self.assertRegex(finished.error_text, r"^skiff: --fdt and --entry pvh exclude each other.*\n$")

    def test_a_dump_needs_a_tree_and_a_place_to_go(self):
        finished = self.run_payload("hello", "", "--dump-dtb", "x")
        self.assertEqual(finished.status, 2)
        self.assertIn("give --fdt too", finished.error_text)
        finished = self.run_payload("hello", "", "--fdt", "--entry", "linux64", "--dump-dtb",
                                    "/nowhere/x", "--dry-run")
        self.assertEqual(finished.status, 1)
        self.assertIn("opening '/nowhere/x' for writing: No such file or directory", finished.error_text)


if __name__ == "__main__":
    if shutil.which("dtc") is None:
        print("SKIPPED: dtc is not here (Debian: apt-get install device-tree-compiler)")
        sys.exit(SKIPPED)
    main()
