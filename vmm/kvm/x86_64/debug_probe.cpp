// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/debug_probe.h"

#include <linux/kvm.h>

#include <array>
#include <cstdint>
#include <span>

#include "base/guest_memory.h"
#include "base/units.h"
#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/vm.h"
#include "vmm/kvm/x86_64/guest_debug.h"

namespace skiff::kvm::x86_64 {
namespace {

// The probe VM: a page each for three levels of page tables (the last maps 2 MiB to themselves),
// then code and data. No IDT, so that an exception that reaches the guest ends it.
constexpr std::uint64_t kLevel4 = 0x1000;
constexpr std::uint64_t kLevel3 = 0x2000;
constexpr std::uint64_t kLevel2 = 0x3000;
constexpr std::uint64_t kCode = 0x4000;
constexpr std::uint64_t kInt3 = 0x5000;
constexpr std::uint64_t kData = 0x6000;
constexpr std::uint64_t kMemoryBytes = 0x8000;

constexpr std::uint64_t kTable = 0x27;      // present, writable, user, accessed
constexpr std::uint64_t kLargePage = 0xe7;  // and dirty, large

constexpr std::array<std::uint8_t, 12> kCodeBytes = {
    0x90,                                              // nop
    0x90,                                              // nop
    0x89, 0x04, 0x25, kData & 0xff, kData >> 8, 0, 0,  // mov %eax, kData
    0x90,                                              // nop
    0xe6, 0xf4,  // out %al, $0xf4: an exit, or a fault of CPL 3
};
constexpr std::uint64_t kSecondNop = kCode + 1;
constexpr std::uint64_t kAfterWrite = kCode + 9;
constexpr std::array<std::uint8_t, 3> kInt3Bytes = {0xcc, 0xe6, 0xf4};

// A signal may interrupt KVM_RUN; more than a few of them would be something else.
constexpr int kMaxEntries = 16;

kvm_segment segment(std::uint16_t selector, std::uint8_t type, bool code) {
    kvm_segment made{};
    made.limit = 0xffffffff;
    made.selector = selector;
    made.type = type;
    made.present = 1;
    made.dpl = selector & 3U;
    made.s = 1;
    made.g = 1;
    made.l = code ? 1 : 0;
    made.db = code ? 0 : 1;
    return made;
}

/// 64-bit mode at `code`, at CPL 0 or 3 (Intel SDM vol. 3, 9.8.5).
Result<void> place(const Vcpu& vcpu, std::uint64_t code, unsigned level) {
    kvm_sregs sregs{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"));
    // User selectors as Linux has them: a KVM backend may run user mode on the host's own.
    sregs.cs = segment(level == 3 ? 0x33 : 0x08, 0xb, true);
    sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss =
        segment(level == 3 ? 0x2b : 0x10, 0x3, false);
    sregs.cr0 = 0x80000011;  // protected mode, paging
    sregs.cr3 = kLevel4;
    sregs.cr4 = 0x20;    // PAE
    sregs.efer = 0x500;  // long mode enabled and active
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_SET_SREGS, &sregs, "KVM_SET_SREGS"));
    kvm_regs regs{};
    regs.rip = code;
    regs.rsp = kMemoryBytes;
    regs.rflags = 0x2;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_SET_REGS, &regs, "KVM_SET_REGS"));
    return {};
}

class Prober {
  public:
    explicit Prober(const Vm& vm) : vm_(vm) {}

    Result<DebugAbility> probe(unsigned level) {
        DebugAbility ability;
        SKIFF_ASSIGN_OR_RETURN(VcpuExit exit, run(level, kCode, {.single_step = true}));
        ability.single_step = stopped_at(exit, 1, kSecondNop);
        SKIFF_ASSIGN_OR_RETURN(exit, run(level, kInt3, {.software_breakpoints = true}));
        ability.software_breakpoint = stopped_at(exit, 3, kInt3);
        ability.int3_is_refused = exit.kind == VcpuExit::Kind::kInternalError && exit.suberror == 1;
        SKIFF_ASSIGN_OR_RETURN(exit,
                               run(level, kCode, slot(DebugSlot::Kind::kExecute, kSecondNop)));
        ability.execute_slot = stopped_at(exit, 1, kSecondNop);
        SKIFF_ASSIGN_OR_RETURN(exit, run(level, kCode, slot(DebugSlot::Kind::kWrite, kData)));
        ability.write_slot = stopped_at(exit, 1, kAfterWrite);
        return ability;
    }

  private:
    static GuestDebug slot(DebugSlot::Kind kind, std::uint64_t address) {
        GuestDebug debug;
        debug.slots[0] = {.kind = kind, .address = address, .size_bytes = 1};
        return debug;
    }

    static bool stopped_at(const VcpuExit& exit, std::uint32_t exception, std::uint64_t address) {
        return exit.kind == VcpuExit::Kind::kDebug && exit.exception == exception &&
               exit.address == address;
    }

    /// A vCPU of its own each time: the last one may have ended in a triple fault.
    Result<VcpuExit> run(unsigned level, std::uint64_t code, const GuestDebug& debug) {
        SKIFF_ASSIGN_OR_RETURN(Vcpu vcpu, vm_.create_vcpu(next_vcpu_++));
        SKIFF_RETURN_IF_ERROR(place(vcpu, code, level));
        SKIFF_RETURN_IF_ERROR(set_guest_debug(vcpu, debug));
        for (int entry = 0; entry < kMaxEntries; ++entry) {
            SKIFF_ASSIGN_OR_RETURN(VcpuExit exit, vcpu.run());
            if (exit.kind != VcpuExit::Kind::kInterrupted) {
                exit.data = {};  // it goes with the vCPU
                return exit;
            }
        }
        return Error::host("the probe VM was interrupted again and again");
    }

    const Vm& vm_;
    unsigned next_vcpu_ = 0;
};

}  // namespace

Result<DebugSupport> probe_debug_support(const Kvm& kvm) {
    const std::array ranges = {GuestRange{GuestAddress(0), kMemoryBytes}};
    SKIFF_ASSIGN_OR_RETURN(GuestMemory memory, GuestMemory::create(ranges, MemoryBacking{}));
    const bool written = memory.write(GuestAddress(kLevel4), kLevel3 | kTable) &&
                         memory.write(GuestAddress(kLevel3), kLevel2 | kTable) &&
                         memory.write(GuestAddress(kLevel2), kLargePage) &&
                         memory.write(GuestAddress(kCode), std::span(kCodeBytes)) &&
                         memory.write(GuestAddress(kInt3), std::span(kInt3Bytes));
    SKIFF_CHECK(written);
    SKIFF_ASSIGN_OR_RETURN(Vm vm, kvm.create_vm());
    SKIFF_RETURN_IF_ERROR(vm.set_memory(memory));
    // No interrupt controllers: so all vCPUs may run at once.
    Prober prober(vm);
    DebugSupport support;
    SKIFF_ASSIGN_OR_RETURN(support.supervisor, prober.probe(0));
    SKIFF_ASSIGN_OR_RETURN(support.user, prober.probe(3));
    return support;
}

}  // namespace skiff::kvm::x86_64
