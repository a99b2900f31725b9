// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vmm/gdb/registers.h"
#include "vmm/kvm/x86_64/debug_state.h"

namespace skiff::machine::x86_64 {

/// A vCPU's registers as gdb counts them.
gdb::CpuRegisters to_gdb(const kvm::x86_64::DebugState& state);

/// `now` with what `registers` say. Selectors stay: to change one, a processor would load the
/// segment behind it.
kvm::x86_64::DebugState from_gdb(const gdb::CpuRegisters& registers,
                                 const kvm::x86_64::DebugState& now);

}  // namespace skiff::machine::x86_64
