// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/debugger.h"

#include <algorithm>
#include <utility>

#include "base/log.h"
#include "vmm/kvm/x86_64/debug_state.h"
#include "vmm/machine/debug/limits.h"
#include "vmm/machine/debug/monitor.h"
#include "vmm/machine/debug/x86_64/gdb_registers.h"

namespace skiff::machine {

using gdb::ResumeAction;
using gdb::StopEvent;

Result<std::unique_ptr<Debugger>> Debugger::create(const kvm::Kvm& kvm,
                                                   const gdb::ListenAddress& address,
                                                   const Surroundings& surroundings) {
    SKIFF_ASSIGN_OR_RETURN(const kvm::x86_64::DebugSupport support,
                           kvm::x86_64::probe_debug_support(kvm));
    std::unique_ptr<Debugger> debugger(new Debugger(support, surroundings));
    SKIFF_ASSIGN_OR_RETURN(debugger->server_,
                           gdb::Server::listen(surroundings.loop, *debugger, address));
    if (const std::string limits = describe_limits(support); !limits.empty()) {
        log::warning("gdb: {}", limits);
    }
    return debugger;
}

Debugger::Debugger(const kvm::x86_64::DebugSupport& support, const Surroundings& surroundings)
    : support_(support),
      parts_(surroundings),
      vectors_(kvm::x86_64::has_avx(parts_.vcpus.front()) ? gdb::VectorState::kAvx
                                                          : gdb::VectorState::kSse),
      breakpoints_(parts_.memory, support.supervisor),
      cpus_(parts_.vcpus.size()) {
    parts_.gate.set_observer([this] { parts_.loop.post([this] { on_all_standing(); }); });
}

Debugger::~Debugger() {
    parts_.gate.set_observer(nullptr);
}

GuestView Debugger::view(unsigned cpu) {
    return GuestView(parts_.memory, breakpoints_, parts_.vcpus.at(cpu));
}

// --- registers, memory, breakpoints

std::optional<gdb::CpuRegisters> Debugger::read_registers(unsigned cpu) {
    const auto state = kvm::x86_64::read_debug_state(parts_.vcpus.at(cpu));
    return state.ok() ? std::optional(x86_64::to_gdb(*state)) : std::nullopt;
}

bool Debugger::write_registers(unsigned cpu, const gdb::CpuRegisters& registers) {
    const auto now = kvm::x86_64::read_debug_state(parts_.vcpus.at(cpu));
    if (!now.ok()) {
        return false;
    }
    const auto wanted = x86_64::from_gdb(registers, *now);
    // What cannot be changed is refused, not passed over.
    if (x86_64::to_gdb(wanted) != registers) {
        return false;
    }
    return kvm::x86_64::write_debug_state(parts_.vcpus.at(cpu), *now, wanted).ok();
}

std::size_t Debugger::read_memory(unsigned cpu, std::uint64_t address, std::span<std::uint8_t> to) {
    return view(cpu).read(address, to);
}

bool Debugger::write_memory(unsigned cpu, std::uint64_t address,
                            std::span<const std::uint8_t> from) {
    return view(cpu).write(address, from);
}

std::optional<std::string> Debugger::insert(unsigned cpu, const gdb::Breakpoint& breakpoint) {
    const GuestView memory = view(cpu);
    return breakpoints_.insert(
        breakpoint, [&](std::uint64_t linear_address) { return memory.translate(linear_address); });
}

void Debugger::remove_all() {
    breakpoints_.remove_all();
    has_client_ = true;
}

std::string Debugger::describe_cpu(unsigned cpu) {
    return machine::describe_cpu(parts_.vcpus.at(cpu));
}

std::string Debugger::monitor(unsigned cpu, const std::string& command) {
    GuestView memory = view(cpu);
    return run_monitor(command, {.vcpu = parts_.vcpus.at(cpu),
                                 .vcpus = parts_.vcpus,
                                 .ram = parts_.memory,
                                 .memory = memory,
                                 .latch = parts_.latch,
                                 .support = support_});
}

// --- stopping and going on

std::optional<std::string> Debugger::resume(std::span<const ResumeAction> actions) {
    {
        const std::lock_guard lock(mutex_);
        if (crash_.has_value()) {
            parts_.latch.stop(*crash_);
            return std::nullopt;
        }
    }
    std::vector<bool> goes_on(actions.size());
    for (unsigned cpu = 0; cpu < actions.size(); ++cpu) {
        goes_on[cpu] = actions[cpu].kind != ResumeAction::Kind::kStay;
        if (!goes_on[cpu]) {
            continue;
        }
        const bool steps =
            actions[cpu].kind == ResumeAction::Kind::kStep || breakpoints_.needs_steps();
        if (steps && leaves_step_reach(parts_.vcpus.at(cpu))) {
            return "this KVM cannot single-step user mode (see docs/debugging.md)";
        }
        if (const auto prepared = prepare(cpu, actions[cpu]); !prepared.ok()) {
            return prepared.error().message();
        }
    }
    standing_ = false;
    if (const auto event = take_event()) {
        // A vCPU that stopped at the same time as the last one that was told of.
        parts_.loop.post([this, event = *event] { report(event); });
        return std::nullopt;
    }
    for (unsigned cpu = 0; cpu < actions.size(); ++cpu) {
        if (goes_on[cpu]) {
            kvm::x86_64::tell_clock_of_pause(parts_.vcpus.at(cpu));
        }
    }
    parts_.gate.open_for(goes_on);
    return std::nullopt;
}

/// KVM's part of going on.
Result<void> Debugger::prepare(unsigned cpu, const ResumeAction& action) {
    Cpu& state = cpus_.at(cpu);
    const bool wants_step = action.kind == ResumeAction::Kind::kStep;
    kvm::x86_64::GuestDebug debug;
    debug.software_breakpoints = breakpoints_.has_int3();
    debug.single_step = wants_step || breakpoints_.needs_steps();
    // Who steps through a function does not want to see the timer's interrupt; a guest that is
    // stepped for a watchpoint needs it.
    debug.block_interrupts = wants_step;
    debug.slots = breakpoints_.slots();
    state.action = action;
    state.debug = debug;
    note_watched(cpu);
    return kvm::x86_64::set_guest_debug(parts_.vcpus.at(cpu), debug);
}

void Debugger::interrupt() {
    if (standing_) {
        if (!std::exchange(report_is_due_, true)) {
            parts_.loop.post([this] {
                report_is_due_ = false;
                report({.kind = StopEvent::Kind::kInterrupt, .cpu = last_cpu_});
            });
        }
        return;
    }
    parts_.gate.close();
}

void Debugger::detach() {
    breakpoints_.remove_all();
    has_client_ = false;
    {
        const std::lock_guard lock(mutex_);
        for (Cpu& cpu : cpus_) {
            cpu.event.reset();
        }
    }
    const std::vector<ResumeAction> actions(cpu_count(), {.kind = ResumeAction::Kind::kContinue});
    if (const auto refusal = resume(actions)) {
        log::warning("gdb: cannot let the guest go on: {}", *refusal);
    }
}

void Debugger::kill() {
    parts_.latch.stop({.kind = ExitReason::Kind::kUserQuit,
                       .value = 0,
                       .detail = "killed by the debugger",
                       .vcpu = {}});
}

void Debugger::on_all_standing() {
    // An older call may have been late: then they run again, or the client knows.
    if (standing_ || !parts_.gate.all_standing()) {
        return;
    }
    report(take_event().value_or(StopEvent{.kind = StopEvent::Kind::kInterrupt, .cpu = last_cpu_}));
}

/// The first vCPU's event that has not been told. A breakpoint that another vCPU stands at is
/// forgotten: it is met again, if it is still there.
std::optional<StopEvent> Debugger::take_event() {
    const std::lock_guard lock(mutex_);
    std::optional<StopEvent> taken;
    for (Cpu& cpu : cpus_) {
        if (!cpu.event.has_value()) {
            continue;
        }
        if (!taken.has_value()) {
            taken = std::exchange(cpu.event, std::nullopt);
            continue;
        }
        const bool is_lost_otherwise = cpu.event->kind == StopEvent::Kind::kWriteWatch ||
                                       cpu.event->kind == StopEvent::Kind::kAccessWatch;
        if (!is_lost_otherwise) {
            cpu.event.reset();
        }
    }
    return taken;
}

void Debugger::report(const StopEvent& event) {
    standing_ = true;
    last_cpu_ = event.cpu;
    server_->stopped(event);
}

}  // namespace skiff::machine
