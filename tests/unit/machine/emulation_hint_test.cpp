// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/emulation_hint.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

using skiff::kvm::VcpuExit;
using skiff::machine::emulation_hint;

namespace {

std::string hint_for(const std::vector<std::uint8_t>& bytes) {
    VcpuExit exit;
    exit.instruction_size = bytes.size();
    std::copy(bytes.begin(), bytes.end(), exit.instruction.begin());
    return emulation_hint(exit);
}

}  // namespace

TEST_CASE("Instructions that an emulated CPL 0 lacks are named, with the parameter that helps") {
    const std::pair<std::vector<std::uint8_t>, std::string> cases[] = {
        {{0xcc}, "int3"},
        {{0x9b}, "fwait"},
        {{0xf3, 0x48, 0x0f, 0xb8, 0xc7}, "popcnt"},
        {{0xf0, 0x48, 0x0f, 0xc7, 0x0f}, "cmpxchg16b"},
        {{0x48, 0x0f, 0xae, 0x27}, "xsave"},
        {{0x48, 0x0f, 0xae, 0x2f}, "xrstor"},
        {{0x0f, 0x01, 0xca}, "clac"},
        {{0x0f, 0x01, 0xcb}, "stac"},
        {{0x0f, 0x01, 0xc1}, "vmcall"},
    };
    for (const auto& [bytes, name] : cases) {
        const std::string hint = hint_for(bytes);
        INFO(hint);
        REQUIRE(hint.find("(" + name + ")") != std::string::npos);
        REQUIRE(hint.find("emulated_cpl0") != std::string::npos);
    }
}

TEST_CASE("An unknown instruction is shown by its bytes") {
    REQUIRE(hint_for({0x0f, 0x0b}) == " (its bytes: 0f 0b)");
}

TEST_CASE("Truncated instruction bytes do no harm") {
    REQUIRE(hint_for({}).empty());
    REQUIRE_FALSE(hint_for({0x0f}).empty());
    REQUIRE_FALSE(hint_for({0xf3, 0xf3, 0xf3, 0x48}).empty());
    REQUIRE_FALSE(hint_for(std::vector<std::uint8_t>(15, 0x66)).empty());
}
