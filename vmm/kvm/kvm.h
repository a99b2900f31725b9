// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff::kvm {

class Vm;

/// The system handle: an open /dev/kvm. Thread-safe: it only issues ioctls.
/// Source: KVM API (Documentation/virt/kvm/api.rst), "System ioctls".
class Kvm {
  public:
    /// Opens `path` and checks its API version (12) and the capabilities that skiff cannot do
    /// without, but for those in `waived`. Errors say what to do about a missing device or
    /// permission.
    static Result<Kvm> open(const std::string& path = "/dev/kvm",
                            std::span<const std::uint32_t> waived = {});

    int fd() const { return fd_.get(); }
    /// KVM_CHECK_EXTENSION: 0 where the capability is missing; negative never.
    int check_extension(int capability) const;
    /// Whether the in-kernel local APIC has the TSC-deadline timer mode; KVM_GET_SUPPORTED_CPUID
    /// does not say (KVM API 4.46).
    bool has_tsc_deadline_timer() const;
    /// KVM_GET_VCPU_MMAP_SIZE, in bytes.
    std::size_t vcpu_mmap_size() const { return vcpu_mmap_size_; }

    Result<Vm> create_vm() const;

  private:
    Kvm(UniqueFd fd, std::size_t vcpu_mmap_size)
        : fd_(std::move(fd)), vcpu_mmap_size_(vcpu_mmap_size) {}

    UniqueFd fd_;
    std::size_t vcpu_mmap_size_;
};

}  // namespace skiff::kvm
