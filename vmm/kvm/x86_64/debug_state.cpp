// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/x86_64/debug_state.h"

#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <cstddef>
#include <cstring>
#include <vector>

#include "vmm/kvm/ioctl.h"
#include "vmm/kvm/x86_64/flexible_structs.h"

namespace skiff::kvm::x86_64 {
namespace {

constexpr std::uint32_t kMsrKernelGsBase = 0xc0000102;

// Intel SDM vol. 1, 13.4: the standard form of the XSAVE area.
constexpr std::size_t kXstateBv = 512;
constexpr std::size_t kYmmHigh = 576;
constexpr std::uint64_t kX87AndSse = 0x3;
constexpr std::uint64_t kAvx = 0x4;

constexpr std::uint32_t kXstateLeaf = 0xd;
constexpr std::uint32_t kMaxLeaves = 256;

struct OneMsr {
    MsrsHeader header{.nmsrs = 1, .pad = 0};
    kvm_msr_entry entry{};
};
static_assert(offsetof(OneMsr, entry) == sizeof(MsrsHeader));

using GeneralRegisters = std::array<__u64 kvm_regs::*, 16>;
constexpr GeneralRegisters kGeneral = {
    &kvm_regs::rax, &kvm_regs::rbx, &kvm_regs::rcx, &kvm_regs::rdx, &kvm_regs::rsi, &kvm_regs::rdi,
    &kvm_regs::rbp, &kvm_regs::rsp, &kvm_regs::r8,  &kvm_regs::r9,  &kvm_regs::r10, &kvm_regs::r11,
    &kvm_regs::r12, &kvm_regs::r13, &kvm_regs::r14, &kvm_regs::r15};

bool general_differ(const DebugState& a, const DebugState& b) {
    return a.general != b.general || a.rip != b.rip || a.rflags != b.rflags;
}

bool system_differ(const DebugState& a, const DebugState& b) {
    return a.fs_base != b.fs_base || a.gs_base != b.gs_base || a.cr0 != b.cr0 || a.cr2 != b.cr2 ||
           a.cr3 != b.cr3 || a.cr4 != b.cr4 || a.cr8 != b.cr8 || a.efer != b.efer;
}

Result<void> write_general(const Vcpu& vcpu, const DebugState& wanted) {
    kvm_regs regs{};
    for (std::size_t i = 0; i < kGeneral.size(); ++i) {
        regs.*kGeneral.at(i) = wanted.general.at(i);
    }
    regs.rip = wanted.rip;
    regs.rflags = wanted.rflags;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_SET_REGS, &regs, "KVM_SET_REGS"));
    return {};
}

Result<void> write_system(const Vcpu& vcpu, const DebugState& wanted) {
    kvm_sregs sregs{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"));
    sregs.fs.base = wanted.fs_base;
    sregs.gs.base = wanted.gs_base;
    sregs.cr0 = wanted.cr0;
    sregs.cr2 = wanted.cr2;
    sregs.cr3 = wanted.cr3;
    sregs.cr4 = wanted.cr4;
    sregs.cr8 = wanted.cr8;
    sregs.efer = wanted.efer;
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_SET_SREGS, &sregs, "KVM_SET_SREGS"));
    return {};
}

std::uint64_t present_state(const XsaveArea& area) {
    std::uint64_t present = 0;
    std::memcpy(&present, area.bytes.data() + kXstateBv, sizeof present);
    return present;
}

Result<void> write_vectors(const Vcpu& vcpu, const DebugState& now, const DebugState& wanted) {
    XsaveArea area{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), kGetXsave, &area, "KVM_GET_XSAVE"));
    std::uint64_t present = present_state(area) | kX87AndSse;
    std::memcpy(area.bytes.data(), wanted.fxsave.data(), wanted.fxsave.size());
    if (now.ymm_high != wanted.ymm_high) {
        std::memcpy(area.bytes.data() + kYmmHigh, wanted.ymm_high.data(), wanted.ymm_high.size());
        present |= kAvx;
    }
    std::memcpy(area.bytes.data() + kXstateBv, &present, sizeof present);
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), kSetXsave, &area, "KVM_SET_XSAVE"));
    return {};
}

Result<void> write_msr(const Vcpu& vcpu, std::uint32_t index, std::uint64_t value) {
    OneMsr request;
    request.entry.index = index;
    request.entry.data = value;
    SKIFF_ASSIGN_OR_RETURN(const int set,
                           checked_ioctl(vcpu.fd(), kSetMsrs, &request, "KVM_SET_MSRS"));
    if (set != 1) {
        return Error::host("KVM refused to set an MSR");
    }
    return {};
}

constexpr std::uint64_t kEferLongModeActive = 1U << 10;

/// What RIP is relative to: nothing in 64-bit mode, whatever the segment says.
std::uint64_t code_base(const kvm_sregs& sregs) {
    const bool is_64_bit = (sregs.efer & kEferLongModeActive) != 0 && sregs.cs.l != 0;
    return is_64_bit ? 0 : sregs.cs.base;
}

unsigned privilege_level(const kvm_sregs& sregs) {
    const bool real_mode = (sregs.cr0 & 1) == 0;
    return real_mode ? 0 : sregs.ss.selector & 3U;
}

}  // namespace

Result<DebugState> read_debug_state(const Vcpu& vcpu) {
    kvm_regs regs{};
    kvm_sregs sregs{};
    XsaveArea area{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_GET_REGS, &regs, "KVM_GET_REGS"));
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"));
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), kGetXsave, &area, "KVM_GET_XSAVE"));
    DebugState state;
    for (std::size_t i = 0; i < kGeneral.size(); ++i) {
        state.general.at(i) = regs.*kGeneral.at(i);
    }
    state.rip = regs.rip;
    state.rflags = regs.rflags;
    state.selectors = {sregs.cs.selector, sregs.ss.selector, sregs.ds.selector,
                       sregs.es.selector, sregs.fs.selector, sregs.gs.selector};
    state.code_base = code_base(sregs);
    state.cpl = privilege_level(sregs);
    state.fs_base = sregs.fs.base;
    state.gs_base = sregs.gs.base;
    state.kernel_gs_base = read_msr(vcpu, kMsrKernelGsBase).value_or(0);
    state.cr0 = sregs.cr0;
    state.cr2 = sregs.cr2;
    state.cr3 = sregs.cr3;
    state.cr4 = sregs.cr4;
    state.cr8 = sregs.cr8;
    state.efer = sregs.efer;
    std::memcpy(state.fxsave.data(), area.bytes.data(), state.fxsave.size());
    if ((present_state(area) & kAvx) != 0) {
        std::memcpy(state.ymm_high.data(), area.bytes.data() + kYmmHigh, state.ymm_high.size());
    }
    return state;
}

Result<void> write_debug_state(const Vcpu& vcpu, const DebugState& now, const DebugState& wanted) {
    if (system_differ(now, wanted)) {
        SKIFF_RETURN_IF_ERROR(write_system(vcpu, wanted));
    }
    if (general_differ(now, wanted)) {
        SKIFF_RETURN_IF_ERROR(write_general(vcpu, wanted));
    }
    if (now.fxsave != wanted.fxsave || now.ymm_high != wanted.ymm_high) {
        SKIFF_RETURN_IF_ERROR(write_vectors(vcpu, now, wanted));
    }
    if (now.kernel_gs_base != wanted.kernel_gs_base) {
        SKIFF_RETURN_IF_ERROR(write_msr(vcpu, kMsrKernelGsBase, wanted.kernel_gs_base));
    }
    return {};
}

Result<PagingState> read_paging_state(const Vcpu& vcpu) {
    kvm_sregs sregs{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"));
    return PagingState{.cr0 = sregs.cr0,
                       .cr3 = sregs.cr3,
                       .cr4 = sregs.cr4,
                       .efer = sregs.efer,
                       .code_base = code_base(sregs),
                       .cpl = privilege_level(sregs)};
}

Result<std::uint64_t> linear_rip(const Vcpu& vcpu) {
    kvm_regs regs{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(vcpu.fd(), KVM_GET_REGS, &regs, "KVM_GET_REGS"));
    SKIFF_ASSIGN_OR_RETURN(const PagingState paging, read_paging_state(vcpu));
    return regs.rip + paging.code_base;
}

bool has_avx(const Vcpu& vcpu) {
    const CpuidHeader header{.nent = kMaxLeaves, .padding = 0};
    std::vector<kvm_cpuid_entry2> block(1 + kMaxLeaves);  // the header in the first, for alignment
    std::uint8_t* const start =
        static_cast<std::uint8_t*>(static_cast<void*>(block.data() + 1)) - sizeof header;
    std::memcpy(start, &header, sizeof header);
    if (::ioctl(vcpu.fd(), kGetCpuid2, start) < 0) {
        return false;
    }
    for (std::size_t i = 1; i < block.size(); ++i) {
        if (block[i].function == kXstateLeaf && block[i].index == 0) {
            return (block[i].eax & kAvx) != 0;
        }
    }
    return false;
}

std::optional<std::uint64_t> read_msr(const Vcpu& vcpu, std::uint32_t index) {
    OneMsr request;
    request.entry.index = index;
    if (::ioctl(vcpu.fd(), kGetMsrs, &request) != 1) {
        return std::nullopt;
    }
    return request.entry.data;
}

void tell_clock_of_pause(const Vcpu& vcpu) {
    ::ioctl(vcpu.fd(), KVM_KVMCLOCK_CTRL, 0);  // EINVAL: the guest has no kvmclock
}

}  // namespace skiff::kvm::x86_64
