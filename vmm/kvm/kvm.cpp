// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/kvm.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/vm.h"

namespace skiff::kvm {
namespace {

struct RequiredCapability {
    std::uint32_t number;
    const char* name;
};

constexpr std::array kRequiredCapabilities = {
    RequiredCapability{KVM_CAP_USER_MEMORY, "KVM_CAP_USER_MEMORY"},
    RequiredCapability{KVM_CAP_IRQCHIP, "KVM_CAP_IRQCHIP"},
    RequiredCapability{KVM_CAP_IRQFD, "KVM_CAP_IRQFD"},
    RequiredCapability{KVM_CAP_PIT2, "KVM_CAP_PIT2"},
    RequiredCapability{KVM_CAP_EXT_CPUID, "KVM_CAP_EXT_CPUID"},
    RequiredCapability{KVM_CAP_IMMEDIATE_EXIT, "KVM_CAP_IMMEDIATE_EXIT"},
};

Error cannot_open(int error, const std::string& path) {
    switch (error) {
        case ENOENT:
        case ENXIO:
        case ENODEV:
            return Error::host(fmt::format(
                "{} is missing: enable virtualisation in the firmware and load KVM (modprobe "
                "kvm_intel or kvm_amd); 'skiff doctor' tells more",
                path));
        case EACCES:
        case EPERM:
            return Error::host(fmt::format(
                "no permission for {}: add yourself to its group (sudo usermod -aG kvm $USER, then "
                "log in again)",
                path));
        default:
            return Error::host(error, "cannot open " + path);
    }
}

}  // namespace

Result<Kvm> Kvm::open(const std::string& path, std::span<const std::uint32_t> waived) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (!fd.valid()) {
        return cannot_open(errno, path);
    }
    const int version = ::ioctl(fd.get(), KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION) {
        return Error::host(fmt::format("{} is not KVM with API version {} (it answered {})", path,
                                       KVM_API_VERSION, version));
    }
    for (const RequiredCapability& capability : kRequiredCapabilities) {
        const bool is_waived =
            std::find(waived.begin(), waived.end(), capability.number) != waived.end();
        if (!is_waived && ::ioctl(fd.get(), KVM_CHECK_EXTENSION, capability.number) <= 0) {
            return Error::host(
                fmt::format("this KVM lacks {}, which skiff needs: a newer kernel is "
                            "required",
                            capability.name));
        }
    }
    SKIFF_ASSIGN_OR_RETURN(const int size, checked_ioctl(fd.get(), KVM_GET_VCPU_MMAP_SIZE, 0,
                                                         "KVM_GET_VCPU_MMAP_SIZE"));
    return Kvm(std::move(fd), static_cast<std::size_t>(size));
}

int Kvm::check_extension(int capability) const {
    const int answer = ::ioctl(fd_.get(), KVM_CHECK_EXTENSION, capability);
    return answer < 0 ? 0 : answer;
}

bool Kvm::has_tsc_deadline_timer() const {
    return check_extension(KVM_CAP_TSC_DEADLINE_TIMER) > 0;
}

Result<Vm> Kvm::create_vm() const {
    SKIFF_ASSIGN_OR_RETURN(const int fd,
                           checked_ioctl(fd_.get(), KVM_CREATE_VM, 0, "KVM_CREATE_VM"));
    return Vm(UniqueFd(fd), vcpu_mmap_size_);
}

}  // namespace skiff::kvm
