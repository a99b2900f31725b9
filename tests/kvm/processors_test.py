# SPDX-License-Identifier: Apache-2.0
"""Virtual processors: how many start, what CPUID tells each, and their threads."""

import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from skiff_runner import SkiffTestCase, amount, main, some  # noqa: E402

HYPERVISOR_BIT = 1 << 31
HYPER_THREADING_BIT = 1 << 28


class Start(SkiffTestCase):
    def start_all(self, count):
        finished = self.run_payload("smp_start", "", "-c", count, seconds=30)
        ids = " ".join(str(i) for i in range(count))
        self.assertEqual(
            finished.text,
            f"MP table lists {count} processors\nAPIC ids: {ids}\n"
            f"processors running: {count}, distinct ids: {count}, CPUID disagrees: 0\n")
        self.assertEqual(finished.status, 0)

    def test_every_processor_starts_with_an_id_of_its_own(self):
        for count in some((1, 2, 3, 16)):
            with self.subTest(count=count):
                self.start_all(count)

    def test_254_processors_start(self):
        self.start_all(max(24, amount(254)))


class Threads(SkiffTestCase):
    def test_one_processor_makes_two_threads(self):
        self.check(1)

    def test_each_processor_has_a_named_thread(self):
        self.check(3)

    def check(self, count):
        skiff = self.start_payload("hang", "", "-c", count)
        skiff.expect("hanging")
        names = sorted(["skiff", *(f"vcpu {i}" for i in range(count))])
        # A thread gets its name once it runs.
        self.wait_until(lambda: skiff.threads() == names, f"threads {names}")
        self.assertEqual(len(skiff.threads()), count + 1)


class Cpuid(SkiffTestCase):
    def leaves(self, count):
        """{APIC id: {(leaf, subleaf): (eax, ebx, ecx, edx)}} as the guest saw it."""
        finished = self.run_payload("cpuid", "", "-c", count)
        self.assertEqual(finished.status, 0, finished.text)
        seen = {}
        for match in re.finditer(r"cpu (\d+) leaf (\w+)\.(\d+) (\w+) (\w+) (\w+) (\w+)\n",
                                 finished.text):
            registers = tuple(int(value, 16) for value in match.groups()[3:])
            seen.setdefault(int(match[1]), {})[int(match[2], 16), int(match[3])] = registers
        self.assertEqual(sorted(seen), list(range(count)))
        return seen

    def test_it_tells_of_the_hypervisor_and_kvm(self):
        leaves = self.leaves(1)[0]
        self.assertTrue(leaves[1, 0][2] & HYPERVISOR_BIT)
        signature = b"".join(value.to_bytes(4, "little") for value in leaves[0x40000000, 0][1:])
        self.assertEqual(signature, b"KVMKVMKVM\0\0\0")

    def test_ids_and_topology_fit_the_number_of_processors(self):
        for count in some((1, 2, 3, 4)):
            with self.subTest(count=count):
                for apic_id, leaves in self.leaves(count).items():
                    self.check_leaf_1(leaves[1, 0], apic_id, count)
                    last_leaf = leaves[0, 0][0]
                    for leaf in (0xB, 0x1F):
                        if last_leaf >= leaf and leaves[leaf, 0][1] != 0:
                            self.check_extended_topology(leaves, leaf, apic_id, count)

    def check_leaf_1(self, registers, apic_id, count):
        _, ebx, _, edx = registers
        self.assertEqual(ebx >> 24, apic_id)
        if count > 1:
            self.assertTrue(edx & HYPER_THREADING_BIT)
            self.assertGreaterEqual(ebx >> 16 & 0xFF, count)

    def check_extended_topology(self, leaves, leaf, apic_id, count):
        thread_level, core_level = leaves[leaf, 0], leaves[leaf, 1]
        self.assertEqual(thread_level[3], apic_id, "x2APIC id")
        self.assertEqual(thread_level[2], 1 << 8, "level 0 is the threads of a core")
        self.assertEqual(core_level[2], 2 << 8 | 1, "level 1 is the cores of a package")
        self.assertEqual(core_level[1] & 0xFFFF, count, "processors in the package")
        self.assertGreaterEqual(1 << (core_level[0] & 0x1F), count, "ids fit the shift")

    def test_the_tsc_frequency_leaf_is_there_where_the_hypervisor_leaves_reach(self):
        leaves = self.leaves(1)[0]
        if leaves[0x40000000, 0][0] >= 0x40000010:
            khz = leaves[0x40000010, 0][0]
            self.assertTrue(100_000 < khz < 10_000_000, khz)


if __name__ == "__main__":
    main()
