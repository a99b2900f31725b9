// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/registers.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

using namespace skiff::gdb;

TEST_CASE("Registers have gdb's numbers") {
    const auto specs = register_specs(VectorState::kAvx);
    CHECK(specs[0].name == "rax");
    CHECK(specs[7].name == "rsp");
    CHECK(specs[16].name == "rip");
    CHECK(specs[17].name == "eflags");
    CHECK(specs[24].name == "st0");
    CHECK(specs[32].name == "fctrl");
    CHECK(specs[40].name == "xmm0");
    CHECK(specs[56].name == "mxcsr");
    CHECK(specs[57].name == "fs_base");
}

TEST_CASE("No register overlaps another, and none lies outside of the struct") {
    std::vector<RegisterSpec> specs(register_specs(VectorState::kAvx).begin(),
                                    register_specs(VectorState::kAvx).end());
    std::sort(specs.begin(), specs.end(),
              [](const RegisterSpec& a, const RegisterSpec& b) { return a.offset < b.offset; });
    for (std::size_t i = 1; i < specs.size(); ++i) {
        INFO(specs[i].name);
        CHECK(specs[i - 1].offset + specs[i - 1].size_bytes <= specs[i].offset);
    }
    CHECK(specs.back().offset + specs.back().size_bytes <= sizeof(CpuRegisters));
}

TEST_CASE("The YMM registers are there only where the guest has AVX") {
    const std::string sse = target_description(VectorState::kSse);
    const std::string avx = target_description(VectorState::kAvx);
    CHECK(sse.find("ymm0h") == std::string::npos);
    CHECK(avx.find("org.gnu.gdb.i386.avx") != std::string::npos);
    CHECK(avx.find("<reg name=\"cr3\"") != std::string::npos);
    CHECK(register_specs(VectorState::kAvx).size() ==
          register_specs(VectorState::kSse).size() + 16);
}

TEST_CASE("A register's bytes are the processor's") {
    CpuRegisters registers;
    registers.rip = 0x1122334455667788;
    const auto& spec = register_specs(VectorState::kSse)[16];
    const auto bytes = register_bytes(std::as_const(registers), spec);
    REQUIRE(bytes.size() == 8);
    CHECK(bytes[0] == 0x88);
    CHECK(bytes[7] == 0x11);
}
