// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/result.h"
#include "vmm/kvm/vcpu.h"

namespace skiff::kvm::x86_64 {

/// Where the boot processor begins, in terms of registers. Other processors wait for INIT/SIPI in
/// the in-kernel local APIC and need none of this.
struct InitialState {
    enum class Mode {
        kReal16,       ///< Real mode, with CS as `code_segment`.
        kProtected32,  ///< Flat 32-bit protected mode.
        kLong64,       ///< 64-bit mode with `cr3`.
    };
    Mode mode = Mode::kProtected32;
    std::uint16_t code_segment = 0;
    std::uint64_t rip = 0, rax = 0, rbx = 0, rsi = 0;
    std::uint64_t cr3 = 0;
    std::uint64_t gdt_base = 0;
    std::uint16_t gdt_limit = 0;
};

/// Sets general, segment and control registers (Linux boot protocol, PVH and Multiboot entry
/// states: code at selector 0x10, data at 0x18, interrupts off; or real mode as after a reset, but
/// for CS).
Result<void> set_initial_registers(const Vcpu& vcpu, const InitialState& state);

/// MSRs that firmware would have set: memory is write-back by default, fast strings are on.
Result<void> set_boot_msrs(const Vcpu& vcpu);

/// The TSC's frequency in kHz, where this KVM knows it.
std::optional<std::uint32_t> tsc_khz(const Vcpu& vcpu);

}  // namespace skiff::kvm::x86_64
