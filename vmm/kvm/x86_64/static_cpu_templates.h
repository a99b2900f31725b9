// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vmm/kvm/x86_64/cpu_template.h"

namespace skiff::kvm::x86_64 {

/// The CPU templates that are known by name, Firecracker's.
enum class StaticCpuTemplate { kNone, kC3, kT2, kT2S, kT2CL, kT2A };

/// What stands behind a name; nothing behind kNone. A fleet of different processors looks like one
/// (T2: Haswell, C3: Ivy Bridge). The bits are those of Firecracker's templates of these names.
CpuTemplate static_cpu_template(StaticCpuTemplate name);

}  // namespace skiff::kvm::x86_64
