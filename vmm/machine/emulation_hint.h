// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "vmm/kvm/vcpu.h"

namespace skiff::machine {

/// For an instruction that KVM could not emulate: its name and the guest parameter that avoids it,
/// where they are known, as " (…)" to append to a sentence; else the bytes alone.
std::string emulation_hint(const kvm::VcpuExit& exit);

}  // namespace skiff::machine
