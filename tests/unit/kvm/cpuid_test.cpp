// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/cpuid.h"

#include <linux/kvm.h>

#include <algorithm>
#include <catch2/catch.hpp>

using skiff::kvm::x86_64::CpuidTable;

namespace {

kvm_cpuid_entry2 leaf(std::uint32_t function, std::uint32_t index, std::uint32_t eax,
                      std::uint32_t ebx, std::uint32_t ecx, std::uint32_t edx) {
    kvm_cpuid_entry2 entry{};
    entry.function = function;
    entry.index = index;
    entry.eax = eax;
    entry.ebx = ebx;
    entry.ecx = ecx;
    entry.edx = edx;
    return entry;
}

/// What KVM might support on an Intel host; every field that must be replaced is all-ones.
CpuidTable intel_host() {
    return CpuidTable({
        leaf(0, 0, 0x1f, 0x756e6547, 0x6c65746e, 0x49656e69),
        leaf(1, 0, 0x806f8, 0xffff0800, 0, 0xffffffff),
        leaf(4, 0, 0xfffffc21, 0, 0, 0),  // L1 data
        leaf(4, 3, 0xfffffc63, 0, 0, 0),  // L3
        leaf(4, 4, 0, 0, 0, 0),
        leaf(0xb, 0, 0, 0, 0, 0),
        leaf(0x40000000, 0, 0x40000001, 0, 0, 0),
    });
}

const kvm_cpuid_entry2& at(const CpuidTable& table, std::uint32_t function,
                           std::uint32_t index = 0) {
    const auto& entries = table.entries();
    const auto found = std::find_if(entries.begin(), entries.end(), [&](const auto& entry) {
        return entry.function == function && entry.index == index;
    });
    REQUIRE(found != entries.end());
    return *found;
}

}  // namespace

TEST_CASE("Leaf 1 has the hypervisor bit, the APIC id and the number of ids") {
    CpuidTable table = intel_host();
    table.describe_machine(3, std::nullopt, true);
    table.set_apic_id(2);
    REQUIRE((at(table, 1).ecx >> 31) == 1);
    REQUIRE(((at(table, 1).ecx >> 24) & 1) == 1);
    REQUIRE((at(table, 1).ebx >> 24) == 2);
    REQUIRE(((at(table, 1).ebx >> 16) & 0xff) == 4);  // rounded up to a power of two
    REQUIRE((at(table, 1).ebx & 0xffff) == 0x0800);   // CLFLUSH size is untouched
    REQUIRE(((at(table, 1).edx >> 28) & 1) == 1);
}

TEST_CASE("One vCPU has neither hyper-threading nor shared caches") {
    CpuidTable table = intel_host();
    table.describe_machine(1, std::nullopt, false);
    REQUIRE(((at(table, 1).edx >> 28) & 1) == 0);
    REQUIRE(((at(table, 1).ecx >> 24) & 1) == 0);
    REQUIRE((at(table, 4, 0).eax >> 14) == 0);
    REQUIRE((at(table, 4, 3).eax >> 14) == 0);
}

TEST_CASE("The topology leaves describe one thread a core and all cores in one package") {
    CpuidTable table = intel_host();
    table.describe_machine(5, std::nullopt, true);
    table.set_apic_id(4);
    for (const std::uint32_t function : {0xbU, 0x1fU}) {
        INFO(function);
        REQUIRE(at(table, function, 0).eax == 0);
        REQUIRE(at(table, function, 0).ebx == 1);
        REQUIRE(at(table, function, 0).ecx == 0x100);
        REQUIRE(at(table, function, 1).eax == 3);  // bits of an id among five
        REQUIRE(at(table, function, 1).ebx == 5);
        REQUIRE(at(table, function, 1).ecx == 0x201);
        REQUIRE(at(table, function, 2).ecx == 0x002);
        REQUIRE(at(table, function, 1).edx == 4);
        REQUIRE(at(table, function, 1).flags == KVM_CPUID_FLAG_SIGNIFCANT_INDEX);
    }
}

TEST_CASE("The L3 cache is shared by the package, the L1 by nobody") {
    CpuidTable table = intel_host();
    table.describe_machine(4, std::nullopt, true);
    REQUIRE(((at(table, 4, 0).eax >> 14) & 0xfff) == 0);
    REQUIRE(((at(table, 4, 3).eax >> 14) & 0xfff) == 3);
    REQUIRE((at(table, 4, 3).eax >> 26) == 3);
    REQUIRE(at(table, 4, 4).eax == 0);
}

TEST_CASE("The most vCPUs fit the fields that count them") {
    CpuidTable table = intel_host();
    table.describe_machine(254, std::nullopt, true);
    table.set_apic_id(253);
    REQUIRE((at(table, 1).ebx >> 24) == 253);
    REQUIRE(((at(table, 1).ebx >> 16) & 0xff) == 255);
    REQUIRE(((at(table, 4, 3).eax >> 14) & 0xfff) == 255);
    REQUIRE((at(table, 4, 3).eax >> 26) == 63);
}

TEST_CASE("The TSC's frequency is told where it is known") {
    CpuidTable table = intel_host();
    table.describe_machine(1, 2'400'000, true);
    const auto& tsc = at(table, 0x15);
    REQUIRE(std::uint64_t{tsc.ecx} * tsc.ebx / tsc.eax == 2'400'000'000U);
    REQUIRE(at(table, 0x40000000).eax == 0x40000010);
    REQUIRE(at(table, 0x40000010).eax == 2'400'000);
    REQUIRE(at(table, 0x40000010).ebx == 1'000'000);
}

TEST_CASE("An AMD host gets core counts and extended APIC ids, and no Intel TSC leaf") {
    CpuidTable table({
        leaf(0, 0, 0xd, 0x68747541, 0x444d4163, 0x69746e65),
        leaf(0x80000001, 0, 0, 0, 0, 0),
        leaf(0x80000008, 0, 0x3030, 0, 0xffff, 0),
        leaf(0x8000001e, 0, 0xff, 0xffff, 0xff, 0),
    });
    table.describe_machine(6, 2'400'000, true);
    table.set_apic_id(5);
    REQUIRE((at(table, 0x80000001).ecx & 2) == 2);
    REQUIRE((at(table, 0x80000008).ecx & 0xff) == 5);
    REQUIRE(((at(table, 0x80000008).ecx >> 12) & 0xf) == 3);
    REQUIRE(at(table, 0x8000001e).eax == 5);
    REQUIRE(at(table, 0x8000001e).ebx == 5);
    REQUIRE(at(table, 0x8000001e).ecx == 0);
    const auto& entries = table.entries();
    REQUIRE(std::none_of(entries.begin(), entries.end(),
                         [](const auto& entry) { return entry.function == 0x15; }));
}
