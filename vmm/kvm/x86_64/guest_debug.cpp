// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/guest_debug.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <algorithm>

#include "vmm/kvm/ioctl.h"

namespace skiff::kvm::x86_64 {
namespace {

// Intel SDM vol. 3, 17.2.4: L0..L3 are bits 0, 2, 4, 6; then 4 bits a slot from bit 16, of which
// two are the kind of access and two the length. Bit 10 is always set.
constexpr std::uint64_t kAlwaysSet = 1U << 10;
constexpr unsigned kFirstSlotField = 16;

std::uint64_t access_bits(DebugSlot::Kind kind) {
    switch (kind) {
        case DebugSlot::Kind::kWrite:
            return 1;
        case DebugSlot::Kind::kAccess:
            return 3;
        case DebugSlot::Kind::kNone:
        case DebugSlot::Kind::kExecute:
            return 0;
    }
    return 0;
}

std::uint64_t length_bits(unsigned size_bytes) {
    switch (size_bytes) {
        case 2:
            return 1;
        case 4:
            return 3;
        case 8:
            return 2;
        default:
            return 0;
    }
}

Result<void> apply(const Vcpu& vcpu, const GuestDebug& debug, std::uint32_t injected) {
    kvm_guest_debug request{};
    request.control = injected;
    if (debug.software_breakpoints) {
        request.control |= KVM_GUESTDBG_USE_SW_BP;
    }
    if (debug.single_step) {
        request.control |= KVM_GUESTDBG_SINGLESTEP;
    }
    if (debug.any_slot()) {
        request.control |= KVM_GUESTDBG_USE_HW_BP;
        for (std::size_t i = 0; i < debug.slots.size(); ++i) {
            request.arch.debugreg[i] = debug.slots.at(i).address;
        }
        request.arch.debugreg[7] = debug_control_register(debug.slots);
    }
    if (request.control != 0) {
        request.control |= KVM_GUESTDBG_ENABLE;
    }
    if (debug.single_step && debug.block_interrupts) {
        // Newer than the rest (Linux 5.16): without it a step may end in an interrupt's handler.
        request.control |= KVM_GUESTDBG_BLOCKIRQ;
        if (::ioctl(vcpu.fd(), KVM_SET_GUEST_DEBUG, &request) == 0) {
            return {};
        }
        request.control &= ~static_cast<std::uint32_t>(KVM_GUESTDBG_BLOCKIRQ);
    }
    SKIFF_RETURN_IF_ERROR(
        checked_ioctl(vcpu.fd(), KVM_SET_GUEST_DEBUG, &request, "KVM_SET_GUEST_DEBUG"));
    return {};
}

}  // namespace

bool GuestDebug::any_slot() const {
    return std::any_of(slots.begin(), slots.end(),
                       [](const DebugSlot& slot) { return slot.kind != DebugSlot::Kind::kNone; });
}

std::uint64_t debug_control_register(const std::array<DebugSlot, kDebugSlots>& slots) {
    std::uint64_t value = kAlwaysSet;
    for (unsigned i = 0; i < slots.size(); ++i) {
        const DebugSlot& slot = slots.at(i);
        if (slot.kind == DebugSlot::Kind::kNone) {
            continue;
        }
        const std::uint64_t field = access_bits(slot.kind) | length_bits(slot.size_bytes) << 2;
        value |= std::uint64_t{1} << (2 * i) | field << (kFirstSlotField + 4 * i);
    }
    return value;
}

Result<void> set_guest_debug(const Vcpu& vcpu, const GuestDebug& debug) {
    return apply(vcpu, debug, 0);
}

Result<void> inject_debug_exception(const Vcpu& vcpu, const GuestDebug& debug,
                                    std::uint32_t exception) {
    return apply(vcpu, debug, exception == 3 ? KVM_GUESTDBG_INJECT_BP : KVM_GUESTDBG_INJECT_DB);
}

}  // namespace skiff::kvm::x86_64
