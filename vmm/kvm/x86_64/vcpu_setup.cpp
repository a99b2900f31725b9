// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/vcpu_setup.h"

#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <array>
#include <cstddef>
#include <cstring>

#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/x86_64/flexible_structs.h"

namespace skiff::kvm::x86_64 {
namespace {

// Intel SDM vol. 3, 2.5 and 2.2.1.
constexpr std::uint64_t kCr0ProtectionEnable = 1U << 0;
constexpr std::uint64_t kCr0ExtensionType = 1U << 4;
constexpr std::uint64_t kCr0Paging = 1U << 31;
constexpr std::uint64_t kCr4PhysicalAddressExtension = 1U << 5;
constexpr std::uint64_t kEferLongModeEnable = 1U << 8;
constexpr std::uint64_t kEferLongModeActive = 1U << 10;
constexpr std::uint64_t kRflagsReserved = 1U << 1;

constexpr std::uint16_t kCodeSelector = 0x10;  // boot.rst: __BOOT_CS
constexpr std::uint16_t kDataSelector = 0x18;  // boot.rst: __BOOT_DS
constexpr std::uint16_t kTaskSelector = 0x20;

// Segment types, Intel SDM vol. 3, 3.4.5.1 and 3.5.
constexpr std::uint8_t kCodeExecuteReadAccessed = 0xb;
constexpr std::uint8_t kDataReadWriteAccessed = 0x3;
constexpr std::uint8_t kTaskBusy = 0xb;

// Intel SDM vol. 4, table 2-2.
constexpr std::uint32_t kMsrMiscEnable = 0x1a0;
constexpr std::uint64_t kMiscEnableFastString = 1U << 0;
constexpr std::uint32_t kMsrMtrrDefType = 0x2ff;
constexpr std::uint64_t kMtrrEnable = 1U << 11;
constexpr std::uint64_t kMtrrWriteBack = 6;

kvm_segment flat_segment(std::uint16_t selector, std::uint8_t type) {
    kvm_segment segment{};
    segment.limit = 0xffff'ffff;
    segment.selector = selector;
    segment.type = type;
    segment.present = 1;
    segment.db = 1;
    segment.s = 1;
    segment.g = 1;
    return segment;
}

kvm_segment task_segment() {
    kvm_segment segment{};
    segment.limit = 0x67;  // the smallest TSS
    segment.selector = kTaskSelector;
    segment.type = kTaskBusy;
    segment.present = 1;
    return segment;
}

/// A segment of real mode: 64 KiB at 16 times the selector (Intel SDM vol. 3, 21.1.1).
kvm_segment real_segment(std::uint16_t selector, std::uint8_t type) {
    kvm_segment segment{};
    segment.base = std::uint64_t{selector} * 16;
    segment.limit = 0xffff;
    segment.selector = selector;
    segment.type = type;
    segment.present = 1;
    segment.s = 1;
    return segment;
}

/// Intel SDM vol. 3, table 10-1: the vector table is at 0, the A20 gate is open.
void set_real_mode(const InitialState& state, kvm_sregs& sregs) {
    sregs.cs = real_segment(state.code_segment, kCodeExecuteReadAccessed);
    sregs.ds = real_segment(0, kDataReadWriteAccessed);
    sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
    sregs.idt.base = 0;
    sregs.idt.limit = 0x3ff;
    sregs.cr0 = kCr0ExtensionType;
}

void set_protected_mode(const InitialState& state, kvm_sregs& sregs) {
    sregs.cs = flat_segment(kCodeSelector, kCodeExecuteReadAccessed);
    sregs.ds = flat_segment(kDataSelector, kDataReadWriteAccessed);
    sregs.es = sregs.fs = sregs.gs = sregs.ss = sregs.ds;
    sregs.tr = task_segment();
    sregs.gdt.base = state.gdt_base;
    sregs.gdt.limit = state.gdt_limit;
    sregs.idt.base = 0;
    sregs.idt.limit = 0;
    sregs.cr0 = kCr0ProtectionEnable | kCr0ExtensionType;
    if (state.mode == InitialState::Mode::kLong64) {
        sregs.cs.l = 1;
        sregs.cs.db = 0;
        sregs.cr0 |= kCr0Paging;
        sregs.cr3 = state.cr3;
        sregs.cr4 = kCr4PhysicalAddressExtension;
        sregs.efer = kEferLongModeEnable | kEferLongModeActive;
    }
}

}  // namespace

Result<void> set_initial_registers(const Vcpu& vcpu, const InitialState& state) {
    kvm_sregs sregs{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"));
    sregs.cr3 = 0;
    sregs.cr4 = 0;
    sregs.efer = 0;
    if (state.mode == InitialState::Mode::kReal16) {
        set_real_mode(state, sregs);
    } else {
        set_protected_mode(state, sregs);
    }
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_SET_SREGS, &sregs, "KVM_SET_SREGS"));

    kvm_regs regs{};
    regs.rip = state.rip;
    regs.rax = state.rax;
    regs.rbx = state.rbx;
    regs.rsi = state.rsi;
    regs.rflags = kRflagsReserved;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_SET_REGS, &regs, "KVM_SET_REGS"));
    return {};
}

Result<void> set_boot_msrs(const Vcpu& vcpu) {
    std::array<kvm_msr_entry, 2> entries{};
    entries[0].index = kMsrMiscEnable;
    entries[0].data = kMiscEnableFastString;
    entries[1].index = kMsrMtrrDefType;
    entries[1].data = kMtrrEnable | kMtrrWriteBack;

    const MsrsHeader header{.nmsrs = entries.size(), .pad = 0};
    alignas(kvm_msr_entry) std::array<std::byte, sizeof header + sizeof entries> block{};
    std::memcpy(block.data(), &header, sizeof header);
    std::memcpy(block.data() + sizeof header, entries.data(), sizeof entries);
    SKIFF_ASSIGN_OR_RETURN(const int set,
                           checked_ioctl(vcpu.fd(), kSetMsrs, block.data(), "KVM_SET_MSRS"));
    if (set != static_cast<int>(entries.size())) {
        return Error::host(fmt::format("KVM refused to set MSR {:#x}",
                                       entries.at(static_cast<std::size_t>(set)).index));
    }
    return {};
}

std::optional<std::uint32_t> tsc_khz(const Vcpu& vcpu) {
    const int khz = ::ioctl(vcpu.fd(), KVM_GET_TSC_KHZ, 0);
    if (khz <= 0) {
        return std::nullopt;
    }
    return static_cast<std::uint32_t>(khz);
}

}  // namespace skiff::kvm::x86_64
