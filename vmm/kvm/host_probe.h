// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace skiff::kvm {

/// What runs guests behind /dev/kvm.
enum class Backend {
    kVmx,    ///< kvm_intel
    kSvm,    ///< kvm_amd
    kPvm,    ///< kvm_pvm: no hardware help; KVM emulates the guest's supervisor mode.
    kOther,  ///< KVM works, but does not show which of them it is.
};

/// "vmx", "svm", "pvm", "other".
std::string_view backend_name(Backend backend);

/// Finds the backend without CPUID flags, which say nothing of a KVM that is not the processor's.
///
/// First by /sys/module/kvm_{intel,amd,pvm}: a folder there means loaded, or built in. Where that
/// names none or several (no sysfs, several built in), by the feature MSRs that KVM offers
/// (KVM_GET_MSR_FEATURE_INDEX_LIST): only the VMX backend has IA32_VMX_BASIC, only SVM has DE_CFG.
/// `kvm_fd` is an open /dev/kvm. Three faccessat() calls in the common case: about 5 µs.
Backend detect_backend(int kvm_fd);

/// The same with another root than "/", for tests.
Backend detect_backend(int kvm_fd, const std::string& sysfs_module_folder);

}  // namespace skiff::kvm
