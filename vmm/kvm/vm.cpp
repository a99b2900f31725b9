// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/vm.h"

#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/mman.h>

#include <cerrno>
#include <utility>

#include "base/units.h"
#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/vcpu.h"

namespace skiff::kvm {
namespace {

// Intel's real-mode emulation needs one page for an identity map and three for a TSS somewhere
// below 4 GiB that is no RAM; this is just below where a BIOS would be. KVM API 4.36, 4.41.
constexpr std::uint64_t kIdentityMapAddress = 0xfffb'c000;
constexpr unsigned long kTssAddress = 0xfffb'd000;

}  // namespace

Result<void> Vm::set_memory(const GuestMemory& memory) {
    std::uint32_t slot = 0;
    for (const GuestMemory::Region& region : memory.regions()) {
        kvm_userspace_memory_region argument{};
        argument.slot = slot++;
        argument.guest_phys_addr = region.range.start.value();
        argument.memory_size = region.range.size_bytes;
        argument.userspace_addr = reinterpret_cast<std::uintptr_t>(region.mapping.data());
        const auto result = checked_ioctl(fd_.get(), KVM_SET_USER_MEMORY_REGION, &argument,
                                          "KVM_SET_USER_MEMORY_REGION");
        if (!result) {
            return result.error().with_context(fmt::format(
                "{} of RAM at {:#x}", format_size(argument.memory_size), argument.guest_phys_addr));
        }
    }
    return {};
}

Result<void> Vm::create_irqchip() {
    std::uint64_t identity_map = kIdentityMapAddress;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(fd_.get(), KVM_SET_IDENTITY_MAP_ADDR, &identity_map,
                                        "KVM_SET_IDENTITY_MAP_ADDR"));
    SKIFF_RETURN_IF_ERROR(
        checked_ioctl(fd_.get(), KVM_SET_TSS_ADDR, kTssAddress, "KVM_SET_TSS_ADDR"));
    SKIFF_RETURN_IF_ERROR(checked_ioctl(fd_.get(), KVM_CREATE_IRQCHIP, 0, "KVM_CREATE_IRQCHIP"));
    return {};
}

Result<void> Vm::create_pit() {
    kvm_pit_config pit{};
    // Port 0x61 is answered by KVM too: Linux calibrates timers with its gate bit.
    pit.flags = KVM_PIT_SPEAKER_DUMMY;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(fd_.get(), KVM_CREATE_PIT2, &pit, "KVM_CREATE_PIT2"));
    return {};
}

Result<Vcpu> Vm::create_vcpu(unsigned index) const {
    SKIFF_ASSIGN_OR_RETURN(
        const int raw, checked_ioctl(fd_.get(), KVM_CREATE_VCPU, static_cast<unsigned long>(index),
                                     "KVM_CREATE_VCPU"));
    UniqueFd fd(raw);
    void* const run =
        ::mmap(nullptr, vcpu_mmap_size_, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
    if (run == MAP_FAILED) {
        return Error::host(errno, fmt::format("cannot map the run area of vCPU {}", index));
    }
    return Vcpu(index, std::move(fd), MappedRegion(run, vcpu_mmap_size_));
}

Result<void> Vm::assign_irqfd(int eventfd, std::uint32_t gsi) const {
    kvm_irqfd argument{};
    argument.fd = static_cast<std::uint32_t>(eventfd);
    argument.gsi = gsi;
    const auto result = checked_ioctl(fd_.get(), KVM_IRQFD, &argument, "KVM_IRQFD");
    if (!result) {
        return result.error().with_context(fmt::format("interrupt line {}", gsi));
    }
    return {};
}

void Vm::set_irq_line(std::uint32_t gsi, bool level) const {
    kvm_irq_level argument{};
    argument.irq = gsi;
    argument.level = level ? 1 : 0;
    (void)::ioctl(fd_.get(), KVM_IRQ_LINE, &argument);
}

Result<void> Vm::set_pit_reinject(bool on) const {
    kvm_reinject_control argument{};
    argument.pit_reinject = on ? 1 : 0;
    SKIFF_RETURN_IF_ERROR(
        checked_ioctl(fd_.get(), KVM_REINJECT_CONTROL, &argument, "KVM_REINJECT_CONTROL"));
    return {};
}

Result<void> Vm::assign_ioeventfd(int eventfd, const NotifyAddress& notify) const {
    kvm_ioeventfd argument{};
    argument.fd = eventfd;
    argument.addr = notify.address.value();
    argument.len = sizeof notify.value;
    argument.datamatch = notify.value;
    argument.flags = KVM_IOEVENTFD_FLAG_DATAMATCH;
    const auto result = checked_ioctl(fd_.get(), KVM_IOEVENTFD, &argument, "KVM_IOEVENTFD");
    if (!result) {
        return result.error().with_context(
            fmt::format("notification of a device at {:#x}", notify.address.value()));
    }
    return {};
}

int Vm::check_extension(int capability) const {
    const int answer = ::ioctl(fd_.get(), KVM_CHECK_EXTENSION, capability);
    return answer < 0 ? 0 : answer;
}

unsigned Vm::max_vcpus() const {
    // KVM API 4.8: without the capability, 4 is to be assumed.
    const int answer = check_extension(KVM_CAP_MAX_VCPUS);
    return answer <= 0 ? 4U : static_cast<unsigned>(answer);
}

}  // namespace skiff::kvm
