// SPDX-License-Identifier: Apache-2.0
#include "vmm/kvm/vcpu.h"

#include <fmt/format.h>
#include <linux/kvm.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cerrno>

#include "vmm/kvm/ioctl.h"

namespace skiff::kvm {
namespace {

RegisterDump::Segment segment(const kvm_segment& from) {
    return {from.selector, from.base};
}

VcpuExit::Kind system_event_kind(std::uint32_t type) {
    return type == KVM_SYSTEM_EVENT_RESET ? VcpuExit::Kind::kSystemReset
                                          : VcpuExit::Kind::kSystemOff;
}

/// Copies the instruction bytes of an emulation failure where this KVM reports them.
void copy_instruction(const kvm_run& run, VcpuExit& exit) {
    if (run.internal.suberror != KVM_INTERNAL_ERROR_EMULATION) {
        return;
    }
    // KVM API 5, KVM_EXIT_INTERNAL_ERROR: ndata counts 64-bit words after it; flags is the first,
    // size and bytes are the next two.
    const auto& failure = run.emulation_failure;
    if (failure.ndata < 3 ||
        (failure.flags & KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES) == 0) {
        return;
    }
    exit.instruction_size = std::min<std::size_t>(failure.insn_size, exit.instruction.size());
    std::copy_n(failure.insn_bytes, exit.instruction_size, exit.instruction.begin());
}

}  // namespace

kvm_run& Vcpu::run_struct() const {
    return *static_cast<kvm_run*>(static_cast<void*>(run_area_.data()));
}

Result<VcpuExit> Vcpu::run() {
    if (::ioctl(fd_.get(), KVM_RUN, 0) < 0) {
        if (errno == EINTR || errno == EAGAIN) {
            return VcpuExit{};
        }
        return Error::host(errno, fmt::format("KVM cannot run vCPU {}", index_));
    }
    return decode_exit();
}

VcpuExit Vcpu::decode_exit() const {
    kvm_run& run = run_struct();
    VcpuExit exit;
    exit.reason = run.exit_reason;
    switch (run.exit_reason) {
        case KVM_EXIT_IO: {
            exit.kind = run.io.direction == KVM_EXIT_IO_IN ? VcpuExit::Kind::kPortRead
                                                           : VcpuExit::Kind::kPortWrite;
            exit.address = run.io.port;
            exit.item_bytes = run.io.size;
            const std::size_t size = std::size_t{run.io.size} * run.io.count;
            SKIFF_CHECK(run.io.data_offset <= run_area_.size() &&
                        size <= run_area_.size() - run.io.data_offset);
            exit.data = {run_area_.data() + run.io.data_offset, size};
            break;
        }
        case KVM_EXIT_MMIO:
            exit.kind =
                run.mmio.is_write != 0 ? VcpuExit::Kind::kMmioWrite : VcpuExit::Kind::kMmioRead;
            exit.address = run.mmio.phys_addr;
            exit.item_bytes = std::min<std::size_t>(run.mmio.len, sizeof run.mmio.data);
            exit.data = {static_cast<std::uint8_t*>(run.mmio.data), exit.item_bytes};
            break;
        case KVM_EXIT_INTR:
            exit.kind = VcpuExit::Kind::kInterrupted;
            break;
        case KVM_EXIT_SHUTDOWN:
            exit.kind = VcpuExit::Kind::kTripleFault;
            break;
        case KVM_EXIT_SYSTEM_EVENT:
            exit.kind = system_event_kind(run.system_event.type);
            break;
        case KVM_EXIT_INTERNAL_ERROR:
            exit.kind = VcpuExit::Kind::kInternalError;
            exit.suberror = run.internal.suberror;
            copy_instruction(run, exit);
            break;
        case KVM_EXIT_FAIL_ENTRY:
            exit.kind = VcpuExit::Kind::kFailEntry;
            exit.hardware_reason = run.fail_entry.hardware_entry_failure_reason;
            break;
        case KVM_EXIT_DEBUG:
            exit.kind = VcpuExit::Kind::kDebug;
            exit.address = run.debug.arch.pc;
            exit.exception = run.debug.arch.exception;
            exit.debug_status = run.debug.arch.dr6;
            break;
        default:
            exit.kind = VcpuExit::Kind::kUnhandled;
            break;
    }
    return exit;
}

void Vcpu::request_exit() {
    __atomic_store_n(&run_struct().immediate_exit, std::uint8_t{1}, __ATOMIC_SEQ_CST);
}

void Vcpu::clear_exit_request() {
    __atomic_store_n(&run_struct().immediate_exit, std::uint8_t{0}, __ATOMIC_SEQ_CST);
}

void Vcpu::tell_guest_that_it_stood() {
    ::ioctl(fd_.get(), KVM_KVMCLOCK_CTRL, 0);
}

Result<RegisterDump> Vcpu::registers() const {
    kvm_regs regs{};
    kvm_sregs sregs{};
    SKIFF_RETURN_IF_ERROR(checked_ioctl(fd_.get(), KVM_GET_REGS, &regs, "KVM_GET_REGS"));
    SKIFF_RETURN_IF_ERROR(checked_ioctl(fd_.get(), KVM_GET_SREGS, &sregs, "KVM_GET_SREGS"));
    RegisterDump dump{};
    dump.rax = regs.rax;
    dump.rbx = regs.rbx;
    dump.rcx = regs.rcx;
    dump.rdx = regs.rdx;
    dump.rsi = regs.rsi;
    dump.rdi = regs.rdi;
    dump.rsp = regs.rsp;
    dump.rbp = regs.rbp;
    dump.r8 = regs.r8;
    dump.r9 = regs.r9;
    dump.r10 = regs.r10;
    dump.r11 = regs.r11;
    dump.r12 = regs.r12;
    dump.r13 = regs.r13;
    dump.r14 = regs.r14;
    dump.r15 = regs.r15;
    dump.rip = regs.rip;
    dump.rflags = regs.rflags;
    dump.cr0 = sregs.cr0;
    dump.cr2 = sregs.cr2;
    dump.cr3 = sregs.cr3;
    dump.cr4 = sregs.cr4;
    dump.efer = sregs.efer;
    dump.cs = segment(sregs.cs);
    dump.ss = segment(sregs.ss);
    dump.ds = segment(sregs.ds);
    dump.es = segment(sregs.es);
    dump.fs = segment(sregs.fs);
    dump.gs = segment(sregs.gs);
    return dump;
}

std::optional<GuestAddress> Vcpu::translate(std::uint64_t linear_address) const {
    kvm_translation translation{};
    translation.linear_address = linear_address;
    if (::ioctl(fd_.get(), KVM_TRANSLATE, &translation) < 0 || translation.valid == 0) {
        return std::nullopt;
    }
    return GuestAddress(translation.physical_address);
}

}  // namespace skiff::kvm
