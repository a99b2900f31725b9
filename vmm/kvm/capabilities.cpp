// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/capabilities.h"

#include <linux/kvm.h>

#include <array>

namespace skiff::kvm {
namespace {

struct Known {
    int number;
    std::string_view name;
    std::string_view without;
};

constexpr std::array kKnown = {
    Known{KVM_CAP_IOEVENTFD, "KVM_CAP_IOEVENTFD", "virtio devices wake more slowly"},
    Known{KVM_CAP_SIGNAL_MSI, "KVM_CAP_SIGNAL_MSI", "no message-signalled interrupts"},
    Known{KVM_CAP_TSC_DEADLINE_TIMER, "KVM_CAP_TSC_DEADLINE_TIMER", "guests use a slower timer"},
    Known{KVM_CAP_GET_TSC_KHZ, "KVM_CAP_GET_TSC_KHZ", "guests measure the TSC by themselves"},
    Known{KVM_CAP_ADJUST_CLOCK, "KVM_CAP_ADJUST_CLOCK", "kvmclock cannot be saved"},
    Known{KVM_CAP_READONLY_MEM, "KVM_CAP_READONLY_MEM", "no read-only memory"},
    Known{KVM_CAP_MP_STATE, "KVM_CAP_MP_STATE", "processor states cannot be read"},
};

}  // namespace

std::vector<OptionalCapability> optional_capabilities(const Kvm& kvm) {
    std::vector<OptionalCapability> result;
    result.reserve(kKnown.size());
    for (const Known& known : kKnown) {
        result.push_back({known.name, known.without, kvm.check_extension(known.number) > 0});
    }
    return result;
}

VcpuLimits vcpu_limits(const Kvm& kvm) {
    // KVM API 4.4: without KVM_CAP_NR_VCPUS assume 4, without KVM_CAP_MAX_VCPUS the same as it.
    const int recommended = kvm.check_extension(KVM_CAP_NR_VCPUS);
    const int maximum = kvm.check_extension(KVM_CAP_MAX_VCPUS);
    const int assumed = recommended > 0 ? recommended : 4;
    return {.recommended = assumed, .maximum = maximum > 0 ? maximum : assumed};
}

}  // namespace skiff::kvm
