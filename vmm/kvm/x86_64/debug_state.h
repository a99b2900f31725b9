// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/result.h"
#include "vmm/kvm/vcpu.h"

namespace skiff::kvm::x86_64 {

/// All of a vCPU that a debugger shows and changes. The vCPU does not run meanwhile.
struct DebugState {
    /// RAX RBX RCX RDX RSI RDI RBP RSP R8 … R15: gdb's order.
    std::array<std::uint64_t, 16> general{};
    std::uint64_t rip = 0, rflags = 0;
    /// CS SS DS ES FS GS. Read only.
    std::array<std::uint16_t, 6> selectors{};
    std::uint64_t code_base = 0;  ///< What RIP is relative to. Read only.
    unsigned cpl = 0;             ///< Current privilege level. Read only.
    std::uint64_t fs_base = 0, gs_base = 0, kernel_gs_base = 0;
    std::uint64_t cr0 = 0, cr2 = 0, cr3 = 0, cr4 = 0, cr8 = 0, efer = 0;
    /// The legacy region of XSAVE: x87, XMM, MXCSR (Intel SDM vol. 1, 10.5.1).
    std::array<std::uint8_t, 512> fxsave{};
    /// The upper halves of YMM0 … YMM15, where the guest has AVX.
    std::array<std::uint8_t, 256> ymm_high{};

    bool operator==(const DebugState&) const = default;
};

Result<DebugState> read_debug_state(const Vcpu& vcpu);

/// Writes what differs from `now`, which read_debug_state() gave.
Result<void> write_debug_state(const Vcpu& vcpu, const DebugState& now, const DebugState& wanted);

/// What it takes to translate an address: a cheap part of the above.
struct PagingState {
    std::uint64_t cr0 = 0, cr3 = 0, cr4 = 0, efer = 0;
    std::uint64_t code_base = 0;  ///< What RIP is relative to.
    unsigned cpl = 0;
};
Result<PagingState> read_paging_state(const Vcpu& vcpu);

/// RIP as a linear address.
Result<std::uint64_t> linear_rip(const Vcpu& vcpu);

/// Whether the guest's CPUID offers AVX state (leaf 0xd).
bool has_avx(const Vcpu& vcpu);

/// Nothing where this KVM does not know the MSR.
std::optional<std::uint64_t> read_msr(const Vcpu& vcpu, std::uint32_t index);

/// Tells the guest's kvmclock that the vCPU did not run for a while, so that its watchdogs do not
/// take that for a hang (KVM_KVMCLOCK_CTRL). Without effect where the guest has no kvmclock.
void tell_clock_of_pause(const Vcpu& vcpu);

}  // namespace skiff::kvm::x86_64
