// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/supervisor_probe.h"

#include <fmt/format.h>
#include <linux/kvm.h>

#include <array>
#include <cstdint>

#include "base/guest_memory.h"
#include "base/units.h"
#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/vm.h"

namespace skiff::kvm::x86_64 {
namespace {

constexpr std::array<std::uint8_t, 3> kCode = {
    0x9b,        // fwait
    0xe6, 0xf4,  // out %al, $0xf4
};
constexpr std::uint64_t kCr0ProtectedMode = 0x1;
// A signal may interrupt KVM_RUN; more than a few of them would be something else.
constexpr int kMaxEntries = 16;

/// 32-bit protected mode without paging, flat segments, CPL 0 (Intel SDM vol. 3, 9.9).
Result<void> set_flat_protected_mode(const Vcpu& vcpu) {
    kvm_sregs sregs{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"));
    const auto flat = [](std::uint16_t selector, std::uint8_t type) {
        kvm_segment segment{};
        segment.limit = 0xffffffff;
        segment.selector = selector;
        segment.type = type;
        segment.present = 1;
        segment.s = 1;
        segment.db = 1;
        segment.g = 1;
        return segment;
    };
    sregs.cs = flat(0x08, 0xb);  // execute, read, accessed
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = flat(0x10, 0x3);  // read, write
    sregs.cr0 |= kCr0ProtectedMode;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_SET_SREGS, &sregs, "KVM_SET_SREGS"));
    kvm_regs regs{};
    regs.rflags = 0x2;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_SET_REGS, &regs, "KVM_SET_REGS"));
    return {};
}

Result<VcpuExit> run_to_exit(Vcpu& vcpu) {
    for (int entry = 0; entry < kMaxEntries; ++entry) {
        SKIFF_ASSIGN_OR_RETURN(VcpuExit exit, vcpu.run());
        if (exit.kind != VcpuExit::Kind::kInterrupted) {
            return exit;
        }
    }
    return Error::host("the probe VM was interrupted again and again");
}

}  // namespace

Result<SupervisorExecution> probe_supervisor_execution(const Kvm& kvm) {
    const std::array ranges = {GuestRange{GuestAddress(0), kPageSize}};
    SKIFF_ASSIGN_OR_RETURN(GuestMemory memory, GuestMemory::create(ranges, MemoryBacking{}));
    if (!memory.write(GuestAddress(0), kCode)) {
        return Error::host("the probe VM's page cannot be written");
    }
    SKIFF_ASSIGN_OR_RETURN(Vm vm, kvm.create_vm());
    SKIFF_RETURN_IF_ERROR(vm.set_memory(memory));
    SKIFF_RETURN_IF_ERROR(vm.create_irqchip());
    SKIFF_ASSIGN_OR_RETURN(Vcpu vcpu, vm.create_vcpu(0));
    SKIFF_RETURN_IF_ERROR(set_flat_protected_mode(vcpu));
    SKIFF_ASSIGN_OR_RETURN(const VcpuExit exit, run_to_exit(vcpu));
    switch (exit.kind) {
        case VcpuExit::Kind::kPortWrite:
            return SupervisorExecution::kNative;
        case VcpuExit::Kind::kInternalError:
            return SupervisorExecution::kEmulated;
        default:
            return Error::host(
                fmt::format("the probe VM ended in an unexpected way (exit reason {}, hardware "
                            "reason {:#x})",
                            exit.reason, exit.hardware_reason));
    }
}

}  // namespace skiff::kvm::x86_64
