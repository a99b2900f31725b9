// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/x86_64/gdb_registers.h"

#include <catch2/catch.hpp>

using namespace skiff;
using machine::x86_64::from_gdb;
using machine::x86_64::to_gdb;

TEST_CASE("What gdb does not change comes back as it was") {
    kvm::x86_64::DebugState state;
    for (std::size_t i = 0; i < 416; ++i) {
        state.fxsave[i] = static_cast<std::uint8_t>(i * 7);
    }
    state.fxsave[5] = 0;  // reserved
    for (std::size_t i = 0; i < 8; ++i) {
        std::fill_n(state.fxsave.begin() + static_cast<std::ptrdiff_t>(32 + 16 * i + 10), 6, 0);
    }
    state.general[3] = 0x1234;
    state.cr3 = 0x5000;
    state.kernel_gs_base = 0xffff'8880'0000'0000;
    state.selectors = {0x10, 0x18, 0x2b, 0, 0, 0};
    CHECK(from_gdb(to_gdb(state), state) == state);
}

TEST_CASE("The x87 tag word has two bits for each physical register") {
    kvm::x86_64::DebugState state;
    state.fxsave[3] = 7 << 3;     // TOP is 7: ST0 is physical register 7
    state.fxsave[4] = 0xc0;       // 6 and 7 are in use
    state.fxsave[32 + 7] = 0x80;  // ST0 is 1.0
    state.fxsave[32 + 8] = 0xff;
    state.fxsave[32 + 9] = 0x3f;
    // Physical 6 is ST7, which is zero.
    const auto registers = to_gdb(state);
    CHECK(registers.x87[2] == ((0U << 14) | (1U << 12) | 0x0fff));
    auto changed = registers;
    changed.x87[2] = 0xffff;
    CHECK(from_gdb(changed, state).fxsave[4] == 0);
}

TEST_CASE("A selector cannot be changed") {
    kvm::x86_64::DebugState state;
    state.selectors[0] = 0x10;
    auto registers = to_gdb(state);
    registers.selectors[0] = 0x18;
    CHECK(to_gdb(from_gdb(registers, state)) != registers);
}
