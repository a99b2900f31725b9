// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "vmm/kvm/kvm.h"

namespace skiff::kvm::x86_64 {

/// What KVM's debugging does for guest code of one privilege level. Not all KVMs do what the API
/// says: see docs/debugging.md.
struct DebugAbility {
    bool single_step = false;
    /// An INT3 leaves the guest with KVM_EXIT_DEBUG.
    bool software_breakpoint = false;
    /// An INT3 is an instruction that KVM cannot emulate, so that it leaves the guest that way.
    bool int3_is_refused = false;
    bool execute_slot = false;
    bool write_slot = false;
};

struct DebugSupport {
    DebugAbility supervisor;
    DebugAbility user;
};

/// Runs a few instructions of a VM of its own at CPL 0 and CPL 3 under each kind of debugging.
/// Takes a few milliseconds.
Result<DebugSupport> probe_debug_support(const Kvm& kvm);

}  // namespace skiff::kvm::x86_64
