// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/result.h"
#include "vmm/gdb/server.h"
#include "vmm/gdb/target.h"
#include "vmm/kvm/vcpu.h"
#include "vmm/kvm/x86_64/debug_probe.h"
#include "vmm/kvm/x86_64/guest_debug.h"
#include "vmm/machine/debug/breakpoint_set.h"
#include "vmm/machine/debug/guest_view.h"
#include "vmm/machine/exit_reason.h"
#include "vmm/machine/run_gate.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine {

/// The machine as a debugger's target. What the protocol asks for happens on the event loop's
/// thread while all vCPUs stand; vCPU threads come with the exits that may be the debugger's.
class Debugger final : public gdb::Target {
  public:
    struct Surroundings {
        EventLoop& loop;
        GuestMemory& memory;
        std::vector<kvm::Vcpu>& vcpus;
        RunGate& gate;
        StopLatch& latch;
    };

    /// Finds out what this KVM can do and says what it cannot, then listens.
    static Result<std::unique_ptr<Debugger>> create(const kvm::Kvm& kvm,
                                                    const gdb::ListenAddress& address,
                                                    const Surroundings& surroundings);
    ~Debugger() override;

    const gdb::ListenAddress& address() const { return server_->address(); }

    /// The machine is gone. On the event loop's thread, after the loop.
    void ended(int exit_status) { server_->ended(exit_status); }

    // For vCPU threads, which come to the gate after a true.

    /// Whether the exit was the debugger's, and nothing is left to do for it.
    bool takes(const kvm::Vcpu& vcpu, const kvm::VcpuExit& exit);
    /// Whether a guest that cannot go on is held for the client to look at.
    bool holds(unsigned vcpu, const ExitReason& reason);

    // gdb::Target
    unsigned cpu_count() const override { return static_cast<unsigned>(parts_.vcpus.size()); }
    gdb::VectorState vectors() const override { return vectors_; }
    std::optional<gdb::CpuRegisters> read_registers(unsigned cpu) override;
    bool write_registers(unsigned cpu, const gdb::CpuRegisters& registers) override;
    std::size_t read_memory(unsigned cpu, std::uint64_t address,
                            std::span<std::uint8_t> to) override;
    bool write_memory(unsigned cpu, std::uint64_t address,
                      std::span<const std::uint8_t> from) override;
    std::optional<std::string> insert(unsigned cpu, const gdb::Breakpoint& breakpoint) override;
    void remove(const gdb::Breakpoint& breakpoint) override { breakpoints_.remove(breakpoint); }
    void remove_all() override;
    std::optional<std::string> resume(std::span<const gdb::ResumeAction> actions) override;
    void interrupt() override;
    void detach() override;
    void kill() override;
    std::string describe_cpu(unsigned cpu) override;
    std::string monitor(unsigned cpu, const std::string& command) override;

  private:
    /// What a vCPU was let go for; written while it stands.
    struct Cpu {
        gdb::ResumeAction action;
        kvm::x86_64::GuestDebug debug;
        std::vector<std::vector<std::uint8_t>> watched;  // the bytes of each stepped watch
        std::optional<gdb::StopEvent> event;             // guarded by mutex_
    };

    Debugger(const kvm::x86_64::DebugSupport& support, const Surroundings& surroundings);

    GuestView view(unsigned cpu);
    bool stop(unsigned cpu, gdb::StopEvent event);
    bool on_int3(const kvm::Vcpu& vcpu, std::uint64_t linear_address);
    bool on_debug_exception(const kvm::Vcpu& vcpu, const kvm::VcpuExit& exit);
    bool on_slot(unsigned cpu, const kvm::VcpuExit& exit, std::size_t index);
    bool on_step(const kvm::Vcpu& vcpu, const kvm::VcpuExit& exit);
    void note_watched(unsigned cpu);
    std::optional<gdb::StopEvent> changed_watch(unsigned cpu);
    bool leaves_step_reach(const kvm::Vcpu& vcpu) const;

    Result<void> prepare(unsigned cpu, const gdb::ResumeAction& action);
    void on_all_standing();
    std::optional<gdb::StopEvent> take_event();
    void report(const gdb::StopEvent& event);

    kvm::x86_64::DebugSupport support_;
    Surroundings parts_;
    gdb::VectorState vectors_;
    BreakpointSet breakpoints_;
    std::vector<Cpu> cpus_;
    std::atomic<bool> has_client_{false};

    std::mutex mutex_;
    std::optional<ExitReason> crash_;  // guarded by mutex_: why the guest cannot go on

    // Of the event loop's thread.
    bool standing_ = false;  // and the client knows
    bool report_is_due_ = false;
    unsigned last_cpu_ = 0;

    std::unique_ptr<gdb::Server> server_;
};

}  // namespace skiff::machine
