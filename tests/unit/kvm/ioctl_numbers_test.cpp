// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>

#include "vmm/kvm/x86_64/flexible_structs.h"

// ioctl_numbers.c
extern "C" {
extern const unsigned long kvm_get_xsave;
extern const unsigned long kvm_set_xsave;
extern const unsigned long kvm_get_msr_feature_index_list;
extern const unsigned long kvm_get_supported_cpuid;
extern const unsigned long kvm_get_cpuid2;
extern const unsigned long kvm_set_cpuid2;
extern const unsigned long kvm_get_msrs;
extern const unsigned long kvm_set_msrs;
}

namespace skiff::kvm::x86_64 {

TEST_CASE("Requests whose structs end in an open array have the numbers that C has") {
    CHECK(kGetXsave == kvm_get_xsave);
    CHECK(kSetXsave == kvm_set_xsave);
    CHECK(kGetMsrFeatureIndexList == kvm_get_msr_feature_index_list);
    CHECK(kGetSupportedCpuid == kvm_get_supported_cpuid);
    CHECK(kGetCpuid2 == kvm_get_cpuid2);
    CHECK(kSetCpuid2 == kvm_set_cpuid2);
    CHECK(kGetMsrs == kvm_get_msrs);
    CHECK(kSetMsrs == kvm_set_msrs);
}

}  // namespace skiff::kvm::x86_64
