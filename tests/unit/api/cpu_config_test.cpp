// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/resources/cpu_config.h"

#include <catch2/catch.hpp>

#include "tests/support/temporary_file.h"
#include "vmm/api/resources/write_resources.h"
#include "vmm/api/vm_description.h"

namespace skiff::api {
namespace {

using machine::BitMask;
using machine::CpuidRegister;
using machine::StaticCpuTemplate;

JsonValue json_of(std::string_view text) {
    auto value = parse_json(text);
    REQUIRE(value.ok());
    return std::move(value).value();
}

Result<CpuConfig> parse(std::string_view text) {
    return parse_cpu_config(json_of(text), "");
}

test::Bytes bytes_of(std::string_view text) {
    return {text.begin(), text.end()};
}

std::string field_of(std::string_view text) {
    const auto parsed = parse(text);
    REQUIRE_FALSE(parsed.ok());
    CHECK(parsed.error().kind() == ErrorKind::kUser);
    return parsed.error().field();
}

constexpr const char* kExample = R"({
  "kvm_capabilities": ["171", "!56"],
  "cpuid_modifiers": [
    {"leaf": "0x1", "subleaf": "0b0", "flags": 0, "modifiers": [
      {"register": "eax", "bitmap": "0bxxxx0000_0000_0011_xx00_0110_1111_0010"},
      {"register": "edx", "bitmap": "0b1_0"}]},
    {"leaf": "0x80000001", "subleaf": "0xff", "flags": 7, "modifiers": []}],
  "msr_modifiers": [{"addr": "0x10a", "bitmap": "0b1xx0"}]})";

TEST_CASE("A template of one's own is read with all its numbers and bits") {
    const auto parsed = parse(kExample);
    REQUIRE(parsed.ok());
    const machine::CpuTemplate& got = parsed->cpu_template;
    CHECK(got.needed_capabilities == std::vector<std::uint32_t>{171});
    CHECK(got.waived_capabilities == std::vector<std::uint32_t>{56});
    REQUIRE(got.cpuid.size() == 2);
    CHECK(got.cpuid[0].leaf == 1);
    CHECK(got.cpuid[0].subleaf == 0);
    REQUIRE(got.cpuid[0].registers.size() == 2);
    CHECK(got.cpuid[0].registers[0].name == CpuidRegister::kEax);
    CHECK(got.cpuid[0].registers[0].bits == BitMask<std::uint32_t>{0x0fff'3fff, 0x306f2});
    CHECK(got.cpuid[0].registers[1].bits == BitMask<std::uint32_t>{0b11, 0b10});
    CHECK(got.cpuid[1].leaf == 0x8000'0001);
    CHECK(got.cpuid[1].subleaf == 0xff);
    CHECK(got.cpuid[1].flags == 7U);
    REQUIRE(got.msrs.size() == 1);
    CHECK(got.msrs[0].address == 0x10a);
    CHECK(got.msrs[0].bits == BitMask<std::uint64_t>{0b1001, 0b1000});
    CHECK(parse("{}").ok());
    CHECK(parse(R"({"reg_modifiers": [], "vcpu_features": []})").ok());
}

TEST_CASE("What is written of a template is read as the same") {
    VmDescription description;
    REQUIRE(description.set(*parse(kExample)).ok());
    const JsonValue written = json_of(to_json(description));
    const JsonValue* section = nullptr;
    for (const auto& member : *written.object()) {
        section = member.key == "cpu-config" ? &member.value : section;
    }
    REQUIRE(section != nullptr);
    const auto again = parse_cpu_config(*section, "");
    REQUIRE(again.ok());
    VmDescription second;
    REQUIRE(second.set(*again).ok());
    CHECK(to_json(second) == to_json(description));
    CHECK_THAT(to_json(second), Catch::Contains("\"0xff\"") && Catch::Contains("\"!56\"") &&
                                    Catch::Contains("\"0b" + std::string(60, 'x') + "1xx0\""));
}

TEST_CASE("What is wrong with a template is named to the last level") {
    CHECK(field_of(R"({"kvm_capabilities": ["1", "x"]})") == "kvm_capabilities[1]");
    CHECK(field_of(R"({"kvm_capabilities": [171]})") == "kvm_capabilities[0]");
    CHECK(field_of(R"({"kvm_capabilities": ["4294967295"]})") == "kvm_capabilities[0]");
    CHECK(field_of(R"({"kvm_capabilities": "1"})") == "kvm_capabilities");
    CHECK(field_of(R"({"reg_modifiers": [{}]})") == "reg_modifiers");
    CHECK(field_of(R"({"vcpu_features": [{}]})") == "vcpu_features");
    CHECK(field_of(R"({"msr_modifier": []})") == "msr_modifier");
    const auto cpuid = [](const std::string& member) {
        return field_of(R"({"cpuid_modifiers": [{"leaf": "0x1", "subleaf": "0x0", "flags": 0,
                           "modifiers": [], )" +
                        member + "}]}");
    };
    CHECK(cpuid(R"("lef": 1)") == "cpuid_modifiers[0].lef");
    const auto leaf = [](const std::string& value) {
        return field_of(R"({"cpuid_modifiers": [{"subleaf": "0x0", "flags": 0, "modifiers": [],
                           "leaf": )" +
                        value + "}]}");
    };
    for (const char* const value : {"1", R"("1")", R"("0x")", R"("0x1g")", R"("0x100000000")",
                                    R"("0b2")", R"("0x-1")", "null"}) {
        INFO(value);
        CHECK(leaf(value) == "cpuid_modifiers[0].leaf");
    }
    const auto bitmap = [](const std::string& value) {
        return field_of(R"({"msr_modifiers": [{"addr": "0x10a", "bitmap": ")" + value + "\"}]}");
    };
    CHECK(bitmap("0b2") == "msr_modifiers[0].bitmap");
    CHECK(bitmap("0b" + std::string(65, 'x')) == "msr_modifiers[0].bitmap");
    CHECK(bitmap("0b" + std::string(65, '0')) == "msr_modifiers[0].bitmap");
    CHECK(field_of(R"({"cpuid_modifiers": [{"leaf": "0x1", "subleaf": "0x0", "flags": 8,
                       "modifiers": []}]})") == "cpuid_modifiers[0].flags");
    CHECK(field_of(R"({"cpuid_modifiers": [{"leaf": "0x1", "subleaf": "0x0", "flags": 0,
                       "modifiers": [{"register": "rax", "bitmap": "0b0"}]}]})") ==
          "cpuid_modifiers[0].modifiers[0].register");
}

TEST_CASE("The CPU template that came last counts") {
    VmDescription description;
    description.boot_source = BootSource{"/vmlinux", {}, {}};
    const auto shape = [](std::optional<StaticCpuTemplate> cpu_template) {
        MachineShape made;
        made.cpu_template = cpu_template;
        return made;
    };
    const auto name = [&description] {
        const auto config = description.machine_config();
        REQUIRE(config.ok());
        return config->cpu_template.has_value() ? config->cpu_template->name : "none";
    };
    CHECK(name() == "none");
    REQUIRE(description.set(shape(StaticCpuTemplate::kT2)).ok());
    CHECK(name() == "T2");
    CHECK_THAT(to_json(description.machine), Catch::Contains(R"("cpu_template": "T2")"));
    REQUIRE(description.set(shape({})).ok());  // says nothing of it
    CHECK(name() == "T2");
    REQUIRE(description.set(*parse(kExample)).ok());
    CHECK(name() == "of cpu-config");
    CHECK_THAT(to_json(description.machine), !Catch::Contains("cpu_template"));
    REQUIRE(description.set(shape({})).ok());
    CHECK(name() == "of cpu-config");
    MachineShapeUpdate update;
    update.cpu_template = StaticCpuTemplate::kC3;
    REQUIRE(description.set(update).ok());
    CHECK(name() == "C3");
    CHECK_THAT(to_json(description), !Catch::Contains("cpu-config"));
    REQUIRE(description.set(shape(StaticCpuTemplate::kNone)).ok());
    CHECK(name() == "none");
}

TEST_CASE("A machine of the command line tells its template as the API does") {
    machine::MachineConfig config;
    config.cpu_template = machine::static_cpu_template(StaticCpuTemplate::kT2CL);
    CHECK(describe_machine(config).machine.cpu_template == StaticCpuTemplate::kT2CL);
    CHECK_FALSE(describe_machine(config).cpu_config.has_value());
    config.cpu_template = parse(kExample)->cpu_template;
    CHECK_FALSE(describe_machine(config).machine.cpu_template.has_value());
    CHECK(describe_machine(config).cpu_config.has_value());
}

TEST_CASE("A template can be a file, or one of the known names") {
    const test::TemporaryFile file(bytes_of(kExample));
    const auto by_path = cpu_template_by(file.path());
    REQUIRE(by_path.ok());
    CHECK((*by_path)->cpuid.size() == 2);
    CHECK(parse_cpu_config_section(JsonValue(file.path()), "cpu-config").ok());
    CHECK_FALSE(cpu_template_by("None")->has_value());
    CHECK(cpu_template_by("T2S").value()->name == "T2S");

    const test::TemporaryFile wrong(
        bytes_of(R"({"msr_modifiers": [{"addr": "5", "bitmap": "0b"}]})"));
    const auto refused = parse_cpu_config_section(JsonValue(wrong.path()), "cpu-config");
    REQUIRE_FALSE(refused.ok());
    CHECK(refused.error().field() == "cpu-config");
    CHECK_THAT(refused.error().message(),
               Catch::Contains(wrong.path()) && Catch::Contains("msr_modifiers[0].addr"));
    const auto missing = cpu_template_by("/nowhere/template.json");
    REQUIRE_FALSE(missing.ok());
    CHECK_THAT(missing.error().message(), Catch::Contains("/nowhere/template.json"));
    CHECK_THAT(cpu_template_by("T2B").error().message(), Catch::Contains("T2CL"));
}

}  // namespace
}  // namespace skiff::api
