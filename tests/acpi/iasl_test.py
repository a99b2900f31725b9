#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Reads our ACPI tables back with iasl: disassembles them, compiles the result, looks for what must
be there.

usage: iasl_test.py WRITE_TABLES [unittest arguments]
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

SKIPPED = 77
LIMIT_S = 60
EDGE = "Edge, ActiveHigh, Exclusive"


class IaslTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory(prefix="skiff-acpi-")
        cls.sources = {cpus: cls.disassembled(cpus) for cpus in (1, 2, 254)}

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    @classmethod
    def run_tool(cls, *command, cwd):
        result = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                                text=True, timeout=LIMIT_S)
        if result.returncode != 0:
            raise AssertionError(f"{' '.join(command)}: status {result.returncode}\n{result.stdout}")
        return result.stdout

    @classmethod
    def disassembled(cls, cpus):
        folder = os.path.join(cls.directory.name, str(cpus))
        os.mkdir(folder)
        cls.run_tool(WRITE_TABLES, str(cpus), folder, cwd=folder)
        cls.run_tool("iasl", "-d", *sorted(os.listdir(folder)), cwd=folder)
        sources = {}
        for name in os.listdir(folder):
            if name.endswith(".dsl"):
                with open(os.path.join(folder, name), encoding="utf-8") as file:
                    sources[name[:-len(".dsl")]] = file.read()
        return sources

    def test_every_table_is_there_and_its_checksum_is_right(self):
        for cpus, sources in self.sources.items():
            self.assertEqual(sorted(sources), ["APIC", "DSDT", "FACP", "XSDT"])
            for signature, source in sources.items():
                with self.subTest(cpus=cpus, table=signature):
                    self.assertNotIn("Incorrect checksum", source)
                    self.assertNotIn("should be", source)
                    self.assertNotRegex(source, r"(?i)warning|error|invalid|unknown")

    def test_what_was_disassembled_compiles_to_the_same_table_without_a_warning(self):
        for cpus, sources in self.sources.items():
            folder = os.path.join(self.directory.name, str(cpus))
            for signature in sources:
                if signature == "XSDT":
                    continue  # iasl cannot compile it
                with self.subTest(cpus=cpus, table=signature):
                    again = os.path.join(folder, signature + "-again")
                    said = self.run_tool("iasl", "-we", "-oa", "-p", again, signature + ".dsl", cwd=folder)
                    self.assertRegex(said, r"0 Errors, 0 Warnings, 0 Remarks"
                                     if signature == "DSDT" else r"Table Input")
                    self.assertEqual(self.body(again + ".aml"),
                                     self.body(os.path.join(folder, signature + ".dat")))

    def body(self, path):
        """All but the header's checksum and the compiler's name in it."""
        with open(path, "rb") as file:
            table = file.read()
        return table[:9] + table[10:28] + table[36:]

    def test_the_namespace_has_what_a_guest_needs(self):
        for cpus, sources in self.sources.items():
            dsdt = sources["DSDT"]
            with self.subTest(cpus=cpus):
                self.assertRegex(dsdt, r"Name \(\\_S5, Package \(0x04\)[^{]*\{\s*0x05,\s*0x05,")
                self.assertEqual(len(re.findall(r'_HID, "ACPI0007"', dsdt)), cpus)
                for device, hid, resources in (
                        ("COM1", 'EisaId \\("PNP0501"\\)', ["0x03F8", "0x00000004"]),
                        ("RTC", 'EisaId \\("PNP0B00"\\)', ["0x0070", "0x00000008"]),
                        ("KBD", 'EisaId \\("PNP0303"\\)', ["0x0060", "0x0064", "0x00000001"]),
                        ("PWRR", 'EisaId \\("PNP0C02"\\)', ["0x0600", "0xFE000000"]),
                        ("PWRB", 'EisaId \\("PNP0C0C"\\)', []),
                        ("V000", '"LNRO0005"', ["0xD0000000", "0x00001000", "0x00000005", EDGE,
                                                "_UID, Zero", "_CCA, One"]),
                        ("V016", '"LNRO0005"', ["0xD0010000", "0x00001000", "0x00000017", EDGE,
                                                "_UID, 0x10", "_CCA, One"]),
                        ("GED", '"ACPI0013"', ["0x00000009", EDGE])):
                    body = self.device(dsdt, device)
                    self.assertRegex(body, f"_HID, {hid}")
                    for resource in resources:
                        self.assertIn(resource, body)

    def test_the_event_device_reads_its_event_once_and_notifies_the_power_button(self):
        body = self.device(self.sources[1]["DSDT"], "GED")
        self.assertRegex(body, r"OperationRegion \(PWRC, SystemIO, 0x0600, 0x08\)")
        self.assertRegex(body, r"Offset \(0x04\),\s*EVNT,\s*8")
        self.assertRegex(body, r"Method \(_EVT, 1, Serialized\)")
        self.assertEqual(len(re.findall(r"EVNT &", body)), 1)
        self.assertRegex(body, r"Notify \(PWRB, 0x80\)|Notify \(\\_SB\.PWRB, 0x80\)")

    def device(self, dsdt, name):
        found = re.search(rf"^( *)Device \({name}\)\n(.*?)^\1}}", dsdt, re.MULTILINE | re.DOTALL)
        self.assertIsNotNone(found, f"no device {name}")
        return found.group(2)

    def test_the_fadt_is_hardware_reduced_and_says_how_to_sleep_and_reset(self):
        fadt = self.sources[1]["FACP"]
        for field, value in (("Hardware Reduced (V5)", "1"), ("Reset Register Supported (V2)", "1"),
                             ("Control Method Power Button (V1)", "1"),
                             ("8042 Present on ports 60/64 (V2)", "1"),
                             ("Legacy Devices Supported (V2)", "1"),
                             ("VGA Not Present (V4)", "1"), ("CMOS RTC Not Present (V5)", "0"),
                             ("RTC Century Index", "32"), ("Value to cause reset", "01")):
            self.assertRegex(fadt, rf"{re.escape(field)} : {value}\b")
        for register, address in (("Reset Register", 0x602), ("Sleep Control Register", 0x600),
                                  ("Sleep Status Register", 0x601)):
            block = fadt[fadt.index(f"{register} : [Generic Address Structure]"):]
            self.assertRegex(block.split("\n\n")[0],
                             rf"(?s)Space ID : 01 .*Bit Width : 08.*Address : {address:016X}")

    def test_the_madt_lists_every_cpu_and_the_io_apic(self):
        for cpus, sources in self.sources.items():
            madt = sources["APIC"]
            with self.subTest(cpus=cpus):
                ids = [int(x, 16) for x in re.findall(r"Local Apic ID : ([0-9A-F]{2})", madt)]
                self.assertEqual(ids, list(range(cpus)))
                self.assertRegex(madt, rf"I/O Apic ID : {cpus:02X}")
                self.assertRegex(madt, r"(?m)^.* Address : FEC00000")


if __name__ == "__main__":
    WRITE_TABLES = os.path.abspath(sys.argv.pop(1))
    if shutil.which("iasl") is None:
        print("skipped: iasl is not here (Debian: apt-get install acpica-tools)")
        sys.exit(SKIPPED)
    unittest.main(verbosity=2)
