// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/guest_address.h"
#include "base/mapped_region.h"
#include "base/result.h"
#include "base/unique_fd.h"

struct kvm_run;

namespace skiff::kvm {

class Vm;

/// Why KVM_RUN came back, as far as a VMM has to act. Spans point into the vCPU's run area and are
/// valid until the next run(). Source: KVM API, section 5, "The kvm_run structure".
struct VcpuExit {
    enum class Kind {
        kPortRead,       ///< Fill `data`: `count` items of `item_bytes` each from port `address`.
        kPortWrite,      ///< Take `data`, likewise.
        kMmioRead,       ///< Fill `data` from guest physical `address`.
        kMmioWrite,      ///< Take `data`.
        kInterrupted,    ///< A signal or request_exit(); nothing to handle.
        kTripleFault,    ///< KVM_EXIT_SHUTDOWN
        kSystemReset,    ///< KVM_EXIT_SYSTEM_EVENT asked for a reset.
        kSystemOff,      ///< KVM_EXIT_SYSTEM_EVENT asked for power-off or reported a crash.
        kInternalError,  ///< KVM_EXIT_INTERNAL_ERROR: see `suberror` and `instruction`.
        kFailEntry,      ///< KVM_EXIT_FAIL_ENTRY: see `hardware_reason`.
        kDebug,          ///< KVM_EXIT_DEBUG: see `exception` and `debug_status`; `address` is RIP.
        kUnhandled,      ///< An exit reason that skiff never asked for: see `reason`.
    };

    Kind kind = Kind::kInterrupted;
    std::uint64_t address = 0;
    std::size_t item_bytes = 0;
    std::span<std::uint8_t> data;

    std::uint32_t reason = 0;           ///< The raw KVM_EXIT_* number.
    std::uint32_t suberror = 0;         ///< KVM_INTERNAL_ERROR_*
    std::uint64_t hardware_reason = 0;  ///< KVM_EXIT_FAIL_ENTRY's
    /// The bytes of an instruction that KVM could not emulate, where it tells (KVM API,
    /// KVM_INTERNAL_ERROR_EMULATION_FLAG_INSTRUCTION_BYTES).
    std::array<std::uint8_t, 15> instruction{};
    std::size_t instruction_size = 0;

    std::uint32_t exception = 0;     ///< KVM_EXIT_DEBUG's: 1 is #DB, 3 is #BP
    std::uint64_t debug_status = 0;  ///< DR6 of a #DB
};

/// Registers for people: what a death report shows.
struct RegisterDump {
    struct Segment {
        std::uint16_t selector;
        std::uint64_t base;
    };
    std::uint64_t rax, rbx, rcx, rdx, rsi, rdi, rsp, rbp;
    std::uint64_t r8, r9, r10, r11, r12, r13, r14, r15;
    std::uint64_t rip, rflags;
    std::uint64_t cr0, cr2, cr3, cr4, efer;
    Segment cs, ss, ds, es, fs, gs;

    /// Current privilege level: 0 is the kernel.
    unsigned cpl() const { return ss.selector & 3U; }
    bool long_mode() const { return (efer & 0x400) != 0; }
};

/// One virtual processor. run() and the register calls belong to the thread that runs it (or, with
/// nobody running it, to any one thread); request_exit() is for all threads.
/// Source: KVM API, "vcpu ioctls".
class Vcpu {
  public:
    unsigned index() const { return index_; }
    int fd() const { return fd_.get(); }

    /// Enters the guest until something has to be handled. An error is a failure of KVM_RUN itself.
    Result<VcpuExit> run();

    /// Makes the current or next run() come back with kInterrupted soon: the caller sends the
    /// thread a signal after this call, for the case that it is inside the guest.
    void request_exit();

    /// Takes back what request_exit() asked for. The thread that runs the vCPU, when it knows that
    /// nobody asks any more.
    void clear_exit_request();

    /// Before a run() after a pause: the guest's clock says that time has passed without it, so
    /// that its watchdogs do not take the pause for a lockup (KVM_KVMCLOCK_CTRL). Nothing where the
    /// guest does not use KVM's clock.
    void tell_guest_that_it_stood();

    Result<RegisterDump> registers() const;

    /// Guest physical address of a linear address, by the vCPU's own page tables (KVM_TRANSLATE).
    std::optional<GuestAddress> translate(std::uint64_t linear_address) const;

  private:
    friend class Vm;
    Vcpu(unsigned index, UniqueFd fd, MappedRegion run_area)
        : index_(index), fd_(std::move(fd)), run_area_(std::move(run_area)) {}

    kvm_run& run_struct() const;
    VcpuExit decode_exit() const;

    unsigned index_;
    UniqueFd fd_;
    MappedRegion run_area_;
};

}  // namespace skiff::kvm
