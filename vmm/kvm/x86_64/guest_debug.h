// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>

#include "base/result.h"
#include "vmm/kvm/vcpu.h"

namespace skiff::kvm::x86_64 {

/// One debug register in use: an address and what is done there (Intel SDM vol. 3, 17.2).
struct DebugSlot {
    enum class Kind { kNone, kExecute, kWrite, kAccess };
    Kind kind = Kind::kNone;
    std::uint64_t address = 0;  ///< Linear; aligned to `size_bytes`.
    unsigned size_bytes = 1;    ///< 1, 2, 4 or 8; 1 for kExecute.

    bool operator==(const DebugSlot&) const = default;
};

inline constexpr std::size_t kDebugSlots = 4;

/// What a debugger wants of one vCPU. The default is no debugging at all.
struct GuestDebug {
    bool software_breakpoints = false;  ///< An INT3 leaves the guest.
    bool single_step = false;
    bool block_interrupts = false;  ///< While single-stepping, where this KVM can.
    std::array<DebugSlot, kDebugSlots> slots{};

    bool any_slot() const;
};

/// KVM_SET_GUEST_DEBUG. The vCPU does not run.
Result<void> set_guest_debug(const Vcpu& vcpu, const GuestDebug& debug);

/// Gives the guest an exception that was its own, not the debugger's: #DB (1) or #BP (3).
Result<void> inject_debug_exception(const Vcpu& vcpu, const GuestDebug& debug,
                                    std::uint32_t exception);

/// DR7 for these slots (Intel SDM vol. 3, 17.2.4), for set_guest_debug() and its tests.
std::uint64_t debug_control_register(const std::array<DebugSlot, kDebugSlots>& slots);

/// Bits of DR6 (Intel SDM vol. 3, 17.2.3): slot n was hit where bit n is set.
inline constexpr std::uint64_t kDebugStatusSingleStep = 1U << 14;

}  // namespace skiff::kvm::x86_64
