#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Plants each violation that check_layers.py is there to find, and sees it found."""

import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import check_layers

SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
HEADER = SPDX + "#pragma once\n"


class LayerCheck(unittest.TestCase):
    def setUp(self):
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        self.root = Path(scratch.name)

    def plant(self, path, text):
        file = self.root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def violations(self):
        return list(check_layers.check_tree(self.root))

    def assert_one(self, *words):
        found = self.violations()
        self.assertEqual(len(found), 1, found)
        for word in words:
            self.assertIn(word, found[0])

    def test_accepts_a_tree_that_follows_the_rules(self):
        self.plant("base/units.h", HEADER)
        self.plant("base/units.cpp", SPDX + '#include "base/units.h"\n#include <spdlog/spdlog.h>\n')
        self.plant("vmm/kvm/vm.cpp", SPDX + '#include <linux/kvm.h>\n#include "base/units.h"\n')
        self.plant("devices/bus/bus.h", HEADER + '#include "base/units.h"\n')
        self.plant("virtio/mmio/transport.cpp", SPDX + '#include "devices/bus/bus.h"\n')
        self.assertEqual(self.violations(), [])

    def test_reports_an_include_that_points_upwards(self):
        self.plant("devices/bus/bus.h", HEADER)
        self.plant("base/units.h", HEADER + '#include "devices/bus/bus.h"\n')
        self.assert_one("base/units.h:3", "base may not include devices")

    def test_reports_an_include_of_a_neighbour(self):
        self.plant("devices/serial/serial.h", HEADER)
        self.plant("boot/elf.cpp", SPDX + '#include "devices/serial/serial.h"\n')
        self.assert_one("boot/elf.cpp:2", "boot may not include devices")

    def test_virtio_may_include_the_bus_of_devices_but_no_device(self):
        self.plant("devices/serial/serial.h", HEADER)
        self.plant("virtio/block/block.cpp", SPDX + '#include "devices/serial/serial.h"\n')
        self.assert_one("virtio may not include devices")

    def test_the_command_line_may_not_reach_past_the_machine(self):
        self.plant("vmm/kvm/vm.h", HEADER)
        self.plant("vmm/cli/run.cpp", SPDX + '#include "vmm/kvm/vm.h"\n')
        self.assert_one("vmm/cli may not include vmm/kvm")

    def test_reports_a_fenced_header(self):
        for path, header in [("vmm/machine/machine.cpp", "linux/kvm.h"),
                             ("devices/serial/serial.cpp", "spdlog/spdlog.h"),
                             ("vmm/machine/config.cpp", "CLI/CLI.hpp"),
                             ("base/file.cpp", "zlib.h")]:
            with self.subTest(header=header):
                self.plant(path, SPDX + f"#include <{header}>\n")
                self.assert_one(path, "fenced")
                (self.root / path).unlink()

    def test_reports_a_file_whose_own_header_is_not_first(self):
        self.plant("base/units.h", HEADER)
        self.plant("base/units.cpp", SPDX + '#include <vector>\n#include "base/units.h"\n')
        self.assert_one("base/units.cpp", "own header")

    def test_reports_a_path_that_is_relative_to_the_file(self):
        self.plant("base/units.h", HEADER)
        self.plant("base/range.h", HEADER + '#include "units.h"\n')
        self.assert_one("base/range.h:3", "path from the project's root")

    def test_reports_a_header_that_does_not_exist(self):
        self.plant("base/range.h", HEADER + '#include "base/gone.h"\n')
        self.assert_one("base/range.h:3", "no path")

    def test_reports_a_header_without_pragma_once(self):
        self.plant("base/units.h", SPDX)
        self.assert_one("pragma once")

    def test_reports_a_missing_licence_line(self):
        self.plant("base/units.cpp", "int x;\n")
        self.assert_one("SPDX")

    def test_reports_a_file_in_no_layer(self):
        self.plant("misc/stuff.cpp", SPDX)
        self.assert_one("no layer")

    def test_reports_a_file_that_has_grown_too_long(self):
        self.plant("base/units.cpp", SPDX + "\n" * check_layers.MAX_LINES)
        self.assert_one("split it")

    def test_exits_with_1_when_there_is_a_violation(self):
        self.plant("base/units.cpp", "int x;\n")
        run = subprocess.run([sys.executable, check_layers.__file__, str(self.root)],
                             capture_output=True, text=True)
        self.assertEqual(run.returncode, 1)
        self.assertIn("base/units.cpp:1", run.stdout)


if __name__ == "__main__":
    unittest.main()
