// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/result.h"
#include "vmm/kvm/kvm.h"

namespace skiff::kvm::x86_64 {

/// How guest code runs at privilege level 0, where kernels live.
enum class SupervisorExecution {
    kNative,    ///< By the processor.
    kEmulated,  ///< By KVM's instruction emulator, which does not know all instructions.
};

/// Runs a VM of one page and two instructions: FWAIT, which every processor has and KVM's emulator
/// (arch/x86/kvm/emulate.c, opcode 0x9b) has not, then a port write. So it also shows that this KVM
/// runs guests at all. An error says how it ended otherwise. Takes about 0.5 ms.
Result<SupervisorExecution> probe_supervisor_execution(const Kvm& kvm);

}  // namespace skiff::kvm::x86_64
