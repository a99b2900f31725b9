// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

#include "vmm/kvm/kvm.h"

namespace skiff::kvm {

/// A capability that skiff uses where it is there; Kvm::open() checks those it cannot do without.
struct OptionalCapability {
    std::string_view name;     ///< "KVM_CAP_…"
    std::string_view without;  ///< What is missing without it.
    bool present;
};

std::vector<OptionalCapability> optional_capabilities(const Kvm& kvm);

/// KVM_CAP_NR_VCPUS (recommended) and KVM_CAP_MAX_VCPUS for one VM.
struct VcpuLimits {
    int recommended;
    int maximum;
};
VcpuLimits vcpu_limits(const Kvm& kvm);

}  // namespace skiff::kvm
