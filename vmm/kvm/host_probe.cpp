// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/host_probe.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>

#include "vmm/kvm/x86_64/flexible_structs.h"

namespace skiff::kvm {
namespace {

struct BackendModule {
    const char* name;
    Backend backend;
};

constexpr std::array kBackendModules = {
    BackendModule{"kvm_intel", Backend::kVmx},
    BackendModule{"kvm_amd", Backend::kSvm},
    BackendModule{"kvm_pvm", Backend::kPvm},
};

// Intel SDM, appendix A.1; AMD PPR "Decode Configuration" (DE_CFG).
constexpr std::uint32_t kMsrIa32VmxBasic = 0x480;
constexpr std::uint32_t kMsrAmdDeCfg = 0xc0011029;

/// Nothing where no module, or more than one, is there.
std::optional<Backend> backend_by_module(const std::string& folder) {
    std::optional<Backend> found;
    for (const BackendModule& module : kBackendModules) {
        if (::access((folder + "/" + module.name).c_str(), F_OK) != 0) {
            continue;
        }
        if (found.has_value()) {
            return std::nullopt;
        }
        found = module.backend;
    }
    return found;
}

Backend backend_by_feature_msrs(int kvm_fd) {
    // A count and as many indices; 256 are several times what KVM has.
    constexpr std::uint32_t kCapacity = 256;
    std::array<std::uint32_t, 1 + kCapacity> list{};
    list[0] = kCapacity;
    if (::ioctl(kvm_fd, x86_64::kGetMsrFeatureIndexList, list.data()) != 0) {
        return Backend::kOther;
    }
    const auto indices = std::span(list).subspan(1, std::min(list[0], kCapacity));
    const auto has = [&](std::uint32_t index) {
        return std::find(indices.begin(), indices.end(), index) != indices.end();
    };
    if (has(kMsrIa32VmxBasic)) {
        return Backend::kVmx;
    }
    return has(kMsrAmdDeCfg) ? Backend::kSvm : Backend::kOther;
}

}  // namespace

std::string_view backend_name(Backend backend) {
    switch (backend) {
        case Backend::kVmx:
            return "vmx";
        case Backend::kSvm:
            return "svm";
        case Backend::kPvm:
            return "pvm";
        case Backend::kOther:
            return "other";
    }
    return "other";
}

Backend detect_backend(int kvm_fd) {
    return detect_backend(kvm_fd, "/sys/module");
}

Backend detect_backend(int kvm_fd, const std::string& sysfs_module_folder) {
    const auto by_module = backend_by_module(sysfs_module_folder);
    return by_module.has_value() ? *by_module : backend_by_feature_msrs(kvm_fd);
}

}  // namespace skiff::kvm
