// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vmm/kvm/x86_64/cpu_template.h"
#include "vmm/kvm/x86_64/static_cpu_templates.h"

/// CPU templates by the names that those use who describe machines.
namespace skiff::machine {

using kvm::x86_64::BitMask;
using kvm::x86_64::CpuidModifier;
using kvm::x86_64::CpuidRegister;
using kvm::x86_64::CpuTemplate;
using kvm::x86_64::MsrModifier;
using kvm::x86_64::static_cpu_template;
using kvm::x86_64::StaticCpuTemplate;

}  // namespace skiff::machine
