// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/guest_memory.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff::kvm {

class Kvm;
class Vcpu;

/// One virtual machine. Source: KVM API, "VM ioctls". Methods only issue ioctls and are
/// thread-safe; the order of the calls while building is the machine's business.
class Vm {
  public:
    int fd() const { return fd_.get(); }

    /// Gives the guest every region of `memory`, a slot each. Before create_irqchip(): a slot set
    /// after it waits milliseconds for a grace period (docs/architecture.md, construction order).
    Result<void> set_memory(const GuestMemory& memory);

    /// In-kernel PIC, IOAPIC and local APICs.
    Result<void> create_irqchip();
    /// The i8254 PIT in the kernel, with port 0x61; after create_irqchip().
    Result<void> create_pit();

    /// `index` is the vCPU's number and its APIC id.
    Result<Vcpu> create_vcpu(unsigned index) const;

    /// Each write to `eventfd` becomes an edge on `gsi` (KVM_IRQFD).
    Result<void> assign_irqfd(int eventfd, std::uint32_t gsi) const;

    /// Sets the level of an input of the interrupt controllers (KVM_IRQ_LINE). What KVM refuses is
    /// ignored: lines that do not exist are the guest's choice.
    void set_irq_line(std::uint32_t gsi, bool level) const;

    /// Whether the PIT makes up for ticks that the guest missed (KVM_REINJECT_CONTROL); it does
    /// unless told otherwise.
    Result<void> set_pit_reinject(bool on) const;

    /// A 32-bit write to MMIO that KVM turns into a count on an eventfd, without an exit.
    struct NotifyAddress {
        GuestAddress address;
        std::uint32_t value;  ///< Only writes of this value.
    };
    /// KVM_IOEVENTFD.
    Result<void> assign_ioeventfd(int eventfd, const NotifyAddress& notify) const;

    /// KVM_CHECK_EXTENSION for this VM; 0 where the capability is missing.
    int check_extension(int capability) const;

    /// How many vCPUs this KVM gives one VM (KVM_CAP_MAX_VCPUS).
    unsigned max_vcpus() const;

  private:
    friend class Kvm;
    Vm(UniqueFd fd, std::size_t vcpu_mmap_size)
        : fd_(std::move(fd)), vcpu_mmap_size_(vcpu_mmap_size) {}

    UniqueFd fd_;
    std::size_t vcpu_mmap_size_;
};

}  // namespace skiff::kvm
