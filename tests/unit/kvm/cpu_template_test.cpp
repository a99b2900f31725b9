// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/cpu_template.h"

#include <linux/kvm.h>

#include <catch2/catch.hpp>
#include <map>
#include <tuple>

#include "vmm/kvm/x86_64/cpuid.h"
#include "vmm/kvm/x86_64/static_cpu_templates.h"

namespace skiff::kvm::x86_64 {
namespace {

using enum CpuidRegister;
using Mask = BitMask<std::uint32_t>;
using Place = std::tuple<std::uint32_t, std::uint32_t, CpuidRegister>;

/// All that a template does to each register.
std::map<Place, Mask> masks_of(StaticCpuTemplate name) {
    std::map<Place, Mask> masks;
    for (const CpuidModifier& modifier : static_cpu_template(name).cpuid) {
        for (const auto& change : modifier.registers) {
            Mask& mask = masks[{modifier.leaf, modifier.subleaf, change.name}];
            CHECK((mask.mask & change.bits.mask) == 0);  // no two have a say
            mask.mask |= change.bits.mask;
            mask.value |= change.bits.value;
        }
    }
    return masks;
}

std::map<Place, Mask> t2() {
    return {
        {{0x1, 0, kEax}, {0x0fff'3fff, 0x306f2}},
        {{0x1, 0, kEcx}, {0x0004'cdfc, 0}},
        {{0x1, 0, kEdx}, {0xe864'1080, 0x1080}},
        {{0x7, 0, kEbx}, {0xffef'da14, 0x200}},
        {{0x7, 0, kEcx}, {0x4041'5f5e, 0}},
        {{0x7, 0, kEdx}, {0x11c, 0}},
        {{0xd, 0, kEax}, {0x2f8, 0}},
        {{0xd, 1, kEax}, {0xe, 0}},
        {{0x8000'0001, 0, kEcx}, {0x2000'0100, 0}},
        {{0x8000'0001, 0, kEdx}, {0x0400'0000, 0}},
        {{0x8000'0008, 0, kEbx}, {0x200, 0}},
    };
}

kvm_cpuid_entry2 leaf(std::uint32_t function, std::uint32_t index, std::uint32_t value) {
    kvm_cpuid_entry2 entry{};
    entry.function = function;
    entry.index = index;
    entry.flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
    entry.eax = entry.ebx = entry.ecx = entry.edx = value;
    return entry;
}

TEST_CASE("The bits of T2 and its kin are Firecracker's") {
    CHECK(masks_of(StaticCpuTemplate::kNone).empty());
    CHECK(masks_of(StaticCpuTemplate::kT2) == t2());
    CHECK(masks_of(StaticCpuTemplate::kT2S) == t2());
    CHECK(static_cpu_template(StaticCpuTemplate::kT2).msrs.empty());

    auto t2cl = t2();
    t2cl[{0x8000'0001, 0, kEcx}] = {0x2000'01c0, 0};
    t2cl[{0x8000'0001, 0, kEdx}] = {0x07c0'0000, 0};
    CHECK(masks_of(StaticCpuTemplate::kT2CL) == t2cl);

    auto t2a = t2();
    t2a[{0x8000'0001, 0, kEcx}] = {0x2000'01c4, 0};
    t2a[{0x8000'0001, 0, kEdx}] = {0x0640'0000, 0};
    t2a[{0x8000'0008, 0, kEbx}] = {0x001c'0205, 0x001c'0004};
    CHECK(masks_of(StaticCpuTemplate::kT2A) == t2a);
}

TEST_CASE("The bits of C3 are Firecracker's") {
    const std::map<Place, Mask> c3 = {
        {{0x1, 0, kEax}, {0x0fff'3fff, 0x306e4}},
        {{0x1, 0, kEcx}, {0x0040'dd3c, 0}},
        {{0x1, 0, kEdx}, {0xa864'1080, 0x1080}},
        {{0x7, 0, kEbx}, {0xffaf'dd3c, 0}},
        {{0x7, 0, kEcx}, {0x4041'481e, 0}},
        {{0x7, 0, kEdx}, {0xc, 0}},
        {{0xd, 0, kEax}, {0x2f8, 0}},
        {{0xd, 1, kEax}, {0xe, 0}},
        {{0x8000'0001, 0, kEcx}, {0x120, 0}},
        {{0x8000'0001, 0, kEdx}, {0x0400'0000, 0}},
    };
    CHECK(masks_of(StaticCpuTemplate::kC3) == c3);
}

TEST_CASE("T2S and T2CL set the capabilities MSR") {
    const auto t2s = static_cpu_template(StaticCpuTemplate::kT2S).msrs;
    REQUIRE(t2s.size() == 1);
    CHECK(t2s[0].address == 0x10a);
    CHECK(t2s[0].bits == BitMask<std::uint64_t>{~std::uint64_t{0}, 0x0c0a'0c4c});
    const auto t2cl = static_cpu_template(StaticCpuTemplate::kT2CL).msrs;
    REQUIRE(t2cl.size() == 1);
    CHECK(t2cl[0].address == 0x10a);
    CHECK(t2cl[0].bits == BitMask<std::uint64_t>{0xffff'ffff'e2f5'1e00, 0});
}

TEST_CASE("A model has the extended family and model added in") {
    CHECK(cpu_model(0x0005'0657) == CpuModel{0x6, 0x55, 7});    // Cascade Lake
    CHECK(cpu_model(0x000a'0671) == CpuModel{0x6, 0xa7, 1});    // Rocket Lake
    CHECK(cpu_model(0x00a0'0f11) == CpuModel{0x19, 0x01, 1});   // Milan
    CHECK(cpu_model(0x0000'0f4a) == CpuModel{0xf, 0x04, 0xa});  // no extension
    CHECK(cpu_model(0x0001'0543) == CpuModel{0x5, 0x04, 3});    // which others do not have
}

TEST_CASE("A template changes its bits alone, and flags only where it says so") {
    CpuidTable table({leaf(0x1, 0, 0xffff'0000), leaf(0xd, 0, 0xffff'0000), leaf(0xd, 1, 0x1234)});
    CpuTemplate given;
    given.cpuid = {
        {0xd, 0, std::nullopt, {{kEax, {0x8000'0001, 0x1}}, {kEdx, {0xf, 0xa}}}},
        {0x1, 0, 0, {{kEbx, {0xffff'ffff, 0}}, {kEcx, {0, 0}}}},
    };
    REQUIRE(apply_to_cpuid(given, table).ok());
    CHECK(table.find(0xd, 0)->eax == 0x7fff'0001);
    CHECK(table.find(0xd, 0)->ebx == 0xffff'0000);
    CHECK(table.find(0xd, 0)->edx == 0xffff'000a);
    CHECK(table.find(0xd, 0)->flags == KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
    CHECK(table.find(0x1, 0)->ebx == 0);
    CHECK(table.find(0x1, 0)->ecx == 0xffff'0000);
    CHECK(table.find(0x1, 0)->flags == 0);
    CHECK(table.find(0xd, 1)->eax == 0x1234);
}

TEST_CASE("A leaf that the host has not is an error that names it") {
    CpuidTable table({leaf(0x1, 0, 0), leaf(0x7, 0, 0)});
    CpuTemplate given;
    given.name = "T2";
    given.field = "machine-config.cpu_template";
    given.cpuid = {{0x7, 1, std::nullopt, {{kEax, {1, 1}}}}};
    const auto applied = apply_to_cpuid(given, table);
    REQUIRE_FALSE(applied.ok());
    CHECK(applied.error().kind() == ErrorKind::kUser);
    CHECK(applied.error().field() == "machine-config.cpu_template");
    CHECK_THAT(applied.error().message(),
               Catch::Contains("CPU template T2") && Catch::Contains("leaf 0x7, subleaf 0x1"));
}

}  // namespace
}  // namespace skiff::kvm::x86_64
