# SPDX-License-Identifier: Apache-2.0
"""CPU templates: what the guest sees of its CPUs is what the template makes of it.

A KVM may give guests bits that nobody asked for (docs/api/README.md); skiff then says which. So each bit
of a mask is as the template has it, or is one of those."""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "support"))
from api_client import ApiTestCase  # noqa: E402
from skiff_runner import SkiffTestCase, main, payload_path  # noqa: E402

REGISTERS = ("eax", "ebx", "ecx", "edx")
ARCH_CAPABILITIES = 0x10A
MTRR_DEF_TYPE = 0x2FF
NO_SUCH_MSR = 0x1234567
LEAF_LINE = re.compile(r"cpu (\d+) leaf (\w+)\.(\d+) (\w+) (\w+) (\w+) (\w+)\n")
OTHERWISE = re.compile(r"has bits of its own in CPUID (.*)\n")
PLACE = re.compile(r"(0x\w+)\.(\d+) (E[A-D]X) \((0x\w+)\)")


def bitmap(clear=0, put=0, width=32):
    """The language's word for a mask."""
    digits = ("1" if put >> bit & 1 else "0" if clear >> bit & 1 else "x" for bit in range(width))
    return "0b" + "".join(digits)[::-1]


def modifier(leaf, subleaf, flags, **registers):
    return {"leaf": hex(leaf), "subleaf": hex(subleaf), "flags": flags,
            "modifiers": [{"register": name, "bitmap": bitmap(*mask)} for name, mask in registers.items()]}


def leaves_in(text):
    """{APIC id: {(leaf, subleaf): {register: value}}}"""
    seen = {}
    for match in LEAF_LINE.finditer(text):
        values = (int(value, 16) for value in match.groups()[3:])
        seen.setdefault(int(match[1]), {})[int(match[2], 16), int(match[3])] = dict(zip(REGISTERS, values))
    return seen


def own_bits(text):
    """{(leaf, subleaf, register): bits} that KVM has as it likes, by skiff's own words."""
    found = OTHERWISE.search(text)
    places = PLACE.findall(found[1]) if found else ()
    return {(int(leaf, 16), int(subleaf), name.lower()): int(bits, 16)
            for leaf, subleaf, name, bits in places}


class TemplateTestCase(SkiffTestCase):
    def cpus(self, *arguments, words="", cpus=1):
        """What a guest sees of its CPUs: its leaves, and the run."""
        finished = self.run_payload("cpuid", words, "-c", cpus, *arguments)
        self.assertEqual(finished.status, 0, finished.error_text)
        return leaves_in(finished.text), finished

    def template_file(self, template):
        file = self.folder() / "template.json"
        file.write_text(json.dumps(template))
        return str(file)

    def refused(self, *arguments):
        finished = self.run_payload("cpuid", "", *arguments)
        self.assertEqual((finished.status, finished.text), (2, ""))
        return finished.error_text


class OnesOwn(TemplateTestCase):
    def test_every_cpu_shows_the_bits_of_the_template_and_the_others_as_before(self):
        before, _ = self.cpus(cpus=2)
        # Clears and sets bits of a leaf with subleaves and of some without.
        template = {(0x1, 0, "eax"): (0x0FFF3FFF, 0x00A20F12), (0x1, 0, "ecx"): (1 << 25 | 1 << 0, 0),
                    (0x7, 0, "ebx"): (1 << 8 | 1 << 3, 0), (0x80000008, 0, "ebx"): (1 << 9, 1 << 12),
                    (0x80000001, 0, "edx"): (1 << 26 | 1 << 20, 0)}
        leaves = {}
        for (leaf, subleaf, name), mask in template.items():
            leaves.setdefault((leaf, subleaf, int(leaf == 7)), {})[name] = mask
        file = self.template_file(
            {"cpuid_modifiers": [modifier(*place, **registers) for place, registers in leaves.items()]})
        after, run = self.cpus("--cpu-template", file, cpus=2)
        of_kvm = own_bits(run.error_text)
        changed = 0
        for cpu in (0, 1):
            for place, registers in before[cpu].items():
                for name, value in registers.items():
                    clear, put = template.get((*place, name), (0, 0))
                    wanted = value & ~(clear | put) | put
                    differing = wanted ^ after[cpu][place][name]
                    self.assertEqual(differing & ~of_kvm.get((*place, name), 0), 0,
                                     f"{place} {name}: {value:#x} → {after[cpu][place][name]:#x}")
                    changed += value != after[cpu][place][name]
        # The model is nowhere KVM's own affair; nor are all of the others.
        self.assertGreaterEqual(changed, 4)
        self.assertEqual(after[0][0x1, 0]["eax"] & 0x0FFF3FFF, 0x00A20F12)

    def test_an_msr_gets_its_bits(self):
        # The default type is skiff's to set, whatever a template says; T2CL's register is Intel's.
        before, value = self.msr(MTRR_DEF_TYPE)
        self.assertEqual(value & 0xFFF, 0x806)
        file = self.template_file({"msr_modifiers": [{"addr": hex(MTRR_DEF_TYPE), "bitmap": "0b100"}]})
        self.assertEqual(self.msr(MTRR_DEF_TYPE, "--cpu-template", file)[1], value)
        if before[0x7, 0]["edx"] >> 29 & 1:
            _, value = self.msr(ARCH_CAPABILITIES)
            file = self.template_file({"msr_modifiers": [
                {"addr": hex(ARCH_CAPABILITIES), "bitmap": bitmap(value & -value, 0, 64)}]})
            self.assertEqual(self.msr(ARCH_CAPABILITIES, "--cpu-template", file)[1], value & value - 1)

    def msr(self, number, *arguments):
        leaves, run = self.cpus(*arguments, words=f"msr={number}")
        return leaves[0], int(re.search(r"msr \w+ (\w+)", run.text)[1], 16)

    def test_what_this_host_cannot_do_is_an_error_that_names_it(self):
        for template, words in (
                ({"cpuid_modifiers": [modifier(0x5FFFFFFF, 0x3, 0, eax=(1,))]}, "leaf 0x5fffffff, subleaf 0x3"),
                ({"msr_modifiers": [{"addr": hex(NO_SUCH_MSR), "bitmap": "0b1"}]}, f"MSR {NO_SUCH_MSR:#x}"),
                ({"kvm_capabilities": ["2147480000"]}, "KVM capability 2147480000")):
            with self.subTest(words=words):
                error = self.refused("--cpu-template", self.template_file(template))
                self.assertIn(words, error)
                self.assertEqual(error.count("\n"), 1)

    def test_capabilities_that_are_there_or_need_not_be_are_fine(self):
        # KVM_CAP_IRQCHIP, KVM_CAP_USER_MEMORY; KVM_CAP_XCRS, of which skiff makes nothing.
        file = self.template_file({"kvm_capabilities": ["0", "3", "!56", "!32"]})
        self.assertEqual(own_bits(self.cpus("--cpu-template", file)[1].error_text), {})

    def test_a_template_that_is_none_is_one_line_and_status_2(self):
        file = self.template_file({"msr_modifiers": [{"addr": "16", "bitmap": "0b1"}]})
        for given, words in ((file, "msr_modifiers[0].addr"), ("T9", "C3, T2"), ("/nowhere", "/nowhere")):
            with self.subTest(given=given):
                error = self.refused("--cpu-template", given)
                self.assertIn(words, error)
                self.assertEqual(error.count("\n"), 1)


class Known(TemplateTestCase):
    # Of each, the model and bits that tell it from the others.
    LOOKS = {"T2": (0x306F2, {"movbe": 1}), "T2CL": (0x306F2, {"movbe": 1}), "C3": (0x306E4, {"movbe": 0})}

    def vendor(self, leaves):
        return b"".join(leaves[0x0, 0][name].to_bytes(4, "little") for name in ("ebx", "edx", "ecx")).decode()

    def test_they_show_their_model_or_say_why_this_host_is_none_for_them(self):
        before, _ = self.cpus()
        vendor = self.vendor(before[0])
        for name in ("T2", "T2CL", "C3", "T2S", "T2A"):
            with self.subTest(name=name):
                wanted = "AuthenticAMD" if name == "T2A" else "GenuineIntel"
                if vendor != wanted:
                    error = self.refused("--cpu-template", name)
                    self.assertIn(f"it is for processors of {wanted}", error)
                    continue
                finished = self.run_payload("cpuid", "", "--cpu-template", name)
                if name in self.LOOKS:
                    self.assertEqual(finished.status, 0, finished.error_text)
                    self.check_looks(name, before[0], finished)
                elif finished.status != 0:  # T2S and T2A promise what their models do
                    self.assertIn("it was made for other models", finished.error_text)

    def check_looks(self, name, before, finished):
        after, of_kvm = leaves_in(finished.text)[0], own_bits(finished.error_text)
        model, bits = self.LOOKS[name]
        self.assertEqual(after[0x1, 0]["eax"], model)
        self.assertNotIn((0x1, 0, "eax"), of_kvm)
        # AVX-512 foundation is in no template.
        self.assertEqual(after[0x7, 0]["ebx"] >> 16 & 1, of_kvm.get((0x7, 0, "ebx"), 0) >> 16 & 1)
        movbe = before[0x1, 0]["ecx"] >> 22 & bits["movbe"]
        self.assertEqual(after[0x1, 0]["ecx"] >> 22 & 1, movbe | of_kvm.get((0x1, 0, "ecx"), 0) >> 22 & 1)


class ByTheApi(ApiTestCase):
    TEMPLATE = {"kvm_capabilities": ["3", "!56"],
                "cpuid_modifiers": [modifier(0x1, 0x0, 0, eax=(0x0FFF3FFF, 0x000306F2))],
                "msr_modifiers": []}

    def test_a_template_is_set_told_and_seen_by_the_guest(self):
        skiff, client = self.serve()
        self.describe(client, "cpuid", "")
        self.accepted(client.put("/cpu-config", self.TEMPLATE))
        told = client.get("/vm/config").json
        self.assertEqual(told["cpu-config"]["kvm_capabilities"], ["3", "!56"])
        self.assertEqual(told["cpu-config"]["cpuid_modifiers"], self.TEMPLATE["cpuid_modifiers"])
        self.assertNotIn("cpu_template", told["machine-config"])
        self.begin(client)
        skiff.expect("leaf 0x1.0 0x000306f2")
        self.assertEqual(skiff.wait().status, 0)

        # What was told makes the same machine.
        file = self.scratch / "vm.json"
        file.write_text(json.dumps(told))
        finished = self.run_skiff("--no-api", "--config-file", file)
        self.assertIn("leaf 0x1.0 0x000306f2", finished.text)

        # And the template may be a file of its own.
        template = self.scratch / "template.json"
        template.write_text(json.dumps(self.TEMPLATE))
        file.write_text(json.dumps({**told, "cpu-config": str(template)}))
        finished = self.run_skiff("--no-api", "--config-file", file)
        self.assertIn("leaf 0x1.0 0x000306f2", finished.text)

    def test_a_known_one_is_told_and_the_last_one_counts(self):
        _, client = self.serve()
        self.describe(client, "hang", "", cpu_template="T2")
        self.assertEqual(client.get("/machine-config").json["cpu_template"], "T2")
        self.assertNotIn("cpu-config", client.get("/vm/config").json)
        self.accepted(client.put("/cpu-config", self.TEMPLATE))
        self.assertNotIn("cpu_template", client.get("/machine-config").json)
        self.accepted(client.patch("/machine-config", {"cpu_template": "C3"}))
        self.assertEqual(client.get("/vm/config").json["machine-config"]["cpu_template"], "C3")
        self.assertNotIn("cpu-config", client.get("/vm/config").json)
        self.accepted(client.patch("/machine-config", {"cpu_template": "None"}))
        self.begin(client)
        refused = client.put("/cpu-config", self.TEMPLATE)
        self.assertEqual(refused.status, 400)
        self.assertIn("before the microVM starts", refused.fault)

    def test_one_of_another_architecture_is_refused_by_name(self):
        _, client = self.serve()
        refused = client.put("/machine-config", {"vcpu_count": 1, "mem_size_mib": 64, "cpu_template": "V1N1"})
        self.assertEqual((refused.status, refused.json["field"]), (400, "cpu_template"))
        self.assertIn("aarch64", refused.fault)
        refused = client.put("/cpu-config", {"reg_modifiers": [{"addr": "0x603000000013c020",
                                                                "bitmap": "0b1"}]})
        self.assertEqual((refused.status, refused.json["field"]), (400, "reg_modifiers"))

    def test_a_start_that_the_host_cannot_make_can_be_mended(self):
        _, client = self.serve()
        self.describe(client, "hang")
        self.accepted(client.put("/cpu-config", {"msr_modifiers": [{"addr": hex(NO_SUCH_MSR),
                                                                    "bitmap": "0b1"}]}))
        refused = client.put("/actions", {"action_type": "InstanceStart"})
        self.assertEqual((refused.status, refused.json["field"]), (400, "cpu-config"))
        self.assertIn(f"MSR {NO_SUCH_MSR:#x}", refused.fault)
        self.assertEqual(self.state(client), "Not started")
        self.accepted(client.put("/cpu-config", {}))
        self.begin(client)
        self.assertEqual(self.state(client), "Running")


if __name__ == "__main__":
    main()
