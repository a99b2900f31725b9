/* SPDX-License-Identifier: Apache-2.0 */
/* The requests' numbers as C has them, in which KVM's headers are written: an array without a size
   at the end of a struct adds nothing to it, where C++ may count an empty struct. */
#include <linux/kvm.h>

const unsigned long kvm_get_xsave = KVM_GET_XSAVE;
const unsigned long kvm_set_xsave = KVM_SET_XSAVE;
const unsigned long kvm_get_msr_feature_index_list = KVM_GET_MSR_FEATURE_INDEX_LIST;
const unsigned long kvm_get_supported_cpuid = KVM_GET_SUPPORTED_CPUID;
const unsigned long kvm_get_cpuid2 = KVM_GET_CPUID2;
const unsigned long kvm_set_cpuid2 = KVM_SET_CPUID2;
const unsigned long kvm_get_msrs = KVM_GET_MSRS;
const unsigned long kvm_set_msrs = KVM_SET_MSRS;
