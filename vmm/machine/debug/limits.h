// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "vmm/kvm/x86_64/debug_probe.h"

namespace skiff::machine {

/// What this KVM's debugging cannot do, and what skiff does instead: one line, empty where it can
/// do everything.
std::string describe_limits(const kvm::x86_64::DebugSupport& support);

}  // namespace skiff::machine
