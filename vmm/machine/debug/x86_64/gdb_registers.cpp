// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/x86_64/gdb_registers.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace skiff::machine::x86_64 {
namespace {

using kvm::x86_64::DebugState;

// Intel SDM vol. 1, table 10-2: the legacy region of XSAVE.
constexpr std::size_t kControlWord = 0;
constexpr std::size_t kStatusWord = 2;
constexpr std::size_t kTagByte = 4;
constexpr std::size_t kOpcode = 6;
constexpr std::size_t kInstruction = 8;
constexpr std::size_t kOperand = 16;
constexpr std::size_t kMxcsr = 24;
constexpr std::size_t kSt0 = 32;
constexpr std::size_t kXmm0 = 160;
constexpr std::size_t kSlotBytes = 16;

// gdb's order of the x87 control registers.
enum X87 { kFctrl, kFstat, kFtag, kFiseg, kFioff, kFoseg, kFooff, kFop };

// Intel SDM vol. 1, 8.1.7.
constexpr unsigned kTagZero = 1;
constexpr unsigned kTagSpecial = 2;
constexpr unsigned kTagEmpty = 3;

template <typename T>
T load(const DebugState& state, std::size_t offset) {
    T value{};
    std::memcpy(&value, state.fxsave.data() + offset, sizeof value);
    return value;
}

template <typename T>
void store(DebugState& state, std::size_t offset, T value) {
    std::memcpy(state.fxsave.data() + offset, &value, sizeof value);
}

/// The tag of a register that is not empty.
unsigned tag_of(std::span<const std::uint8_t> st) {
    std::uint64_t significand = 0;
    std::uint16_t exponent = 0;
    std::memcpy(&significand, st.data(), sizeof significand);
    std::memcpy(&exponent, st.data() + sizeof significand, sizeof exponent);
    exponent &= 0x7fff;
    if (exponent == 0 && significand == 0) {
        return kTagZero;
    }
    const bool normal = exponent != 0 && exponent != 0x7fff && (significand >> 63) != 0;
    return normal ? 0 : kTagSpecial;
}

/// FXSAVE keeps a bit a register (in use or empty), gdb wants the two bits that x87 had.
std::uint32_t full_tag_word(const DebugState& state) {
    const unsigned in_use = state.fxsave[kTagByte];
    const unsigned top = load<std::uint16_t>(state, kStatusWord) >> 11 & 7U;
    std::uint32_t word = 0;
    for (unsigned physical = 0; physical < 8; ++physical) {
        const unsigned stack = (physical + 8 - top) % 8;  // ST0 is the physical register `top`
        const auto st = std::span(state.fxsave).subspan(kSt0 + kSlotBytes * stack, 10);
        const unsigned tag = (in_use >> physical & 1U) != 0 ? tag_of(st) : kTagEmpty;
        word |= tag << (2 * physical);
    }
    return word;
}

std::uint8_t short_tag(std::uint32_t word) {
    std::uint8_t in_use = 0;
    for (unsigned physical = 0; physical < 8; ++physical) {
        if ((word >> (2 * physical) & 3U) != kTagEmpty) {
            in_use = static_cast<std::uint8_t>(in_use | 1U << physical);
        }
    }
    return in_use;
}

}  // namespace

gdb::CpuRegisters to_gdb(const DebugState& state) {
    gdb::CpuRegisters registers;
    registers.general = state.general;
    registers.rip = state.rip;
    registers.rflags = static_cast<std::uint32_t>(state.rflags);
    std::copy(state.selectors.begin(), state.selectors.end(), registers.selectors.begin());
    for (std::size_t i = 0; i < registers.st.size(); ++i) {
        std::memcpy(registers.st.at(i).data(), state.fxsave.data() + kSt0 + kSlotBytes * i, 10);
    }
    registers.x87[kFctrl] = load<std::uint16_t>(state, kControlWord);
    registers.x87[kFstat] = load<std::uint16_t>(state, kStatusWord);
    registers.x87[kFtag] = full_tag_word(state);
    registers.x87[kFioff] = load<std::uint32_t>(state, kInstruction);
    registers.x87[kFiseg] = load<std::uint32_t>(state, kInstruction + 4);
    registers.x87[kFooff] = load<std::uint32_t>(state, kOperand);
    registers.x87[kFoseg] = load<std::uint32_t>(state, kOperand + 4);
    registers.x87[kFop] = load<std::uint16_t>(state, kOpcode);
    std::memcpy(registers.xmm.data(), state.fxsave.data() + kXmm0, sizeof registers.xmm);
    registers.mxcsr = load<std::uint32_t>(state, kMxcsr);
    registers.fs_base = state.fs_base;
    registers.gs_base = state.gs_base;
    std::memcpy(registers.ymm_high.data(), state.ymm_high.data(), sizeof registers.ymm_high);
    registers.system = {state.cr0, state.cr2,  state.cr3,           state.cr4,
                        state.cr8, state.efer, state.kernel_gs_base};
    return registers;
}

DebugState from_gdb(const gdb::CpuRegisters& registers, const DebugState& now) {
    DebugState state = now;
    state.general = registers.general;
    state.rip = registers.rip;
    state.rflags = registers.rflags;
    const gdb::CpuRegisters before = to_gdb(now);
    for (std::size_t i = 0; i < registers.st.size(); ++i) {
        std::memcpy(state.fxsave.data() + kSt0 + kSlotBytes * i, registers.st.at(i).data(), 10);
    }
    store(state, kControlWord, static_cast<std::uint16_t>(registers.x87[kFctrl]));
    store(state, kStatusWord, static_cast<std::uint16_t>(registers.x87[kFstat]));
    if (registers.x87[kFtag] != before.x87[kFtag]) {
        state.fxsave[kTagByte] = short_tag(registers.x87[kFtag]);
    }
    store(state, kInstruction, registers.x87[kFioff]);
    store(state, kInstruction + 4, registers.x87[kFiseg]);
    store(state, kOperand, registers.x87[kFooff]);
    store(state, kOperand + 4, registers.x87[kFoseg]);
    store(state, kOpcode, static_cast<std::uint16_t>(registers.x87[kFop]));
    std::memcpy(state.fxsave.data() + kXmm0, registers.xmm.data(), sizeof registers.xmm);
    store(state, kMxcsr, registers.mxcsr);
    state.fs_base = registers.fs_base;
    state.gs_base = registers.gs_base;
    std::memcpy(state.ymm_high.data(), registers.ymm_high.data(), sizeof registers.ymm_high);
    state.cr0 = registers.system[0];
    state.cr2 = registers.system[1];
    state.cr3 = registers.system[2];
    state.cr4 = registers.system[3];
    state.cr8 = registers.system[4];
    state.efer = registers.system[5];
    state.kernel_gs_base = registers.system[6];
    return state;
}

}  // namespace skiff::machine::x86_64
