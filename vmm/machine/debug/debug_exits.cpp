// SPDX-License-Identifier: Apache-2.0
// The debugger's part that runs on vCPU threads: which exits are its own.
#include <utility>

#include "vmm/kvm/x86_64/debug_state.h"
#include "vmm/machine/debug/debugger.h"

namespace skiff::machine {
namespace {

using gdb::BreakpointKind;
using gdb::ResumeAction;
using gdb::StopEvent;
using kvm::VcpuExit;

// Vectors (Intel SDM vol. 3, 6.3.1).
constexpr std::uint32_t kDebugException = 1;
constexpr std::uint32_t kBreakpointException = 3;

constexpr std::uint32_t kEmulationFailed = 1;  // KVM_INTERNAL_ERROR_EMULATION

StopEvent::Kind stop_kind(BreakpointKind kind) {
    switch (kind) {
        case BreakpointKind::kSoftware:
            return StopEvent::Kind::kSoftwareBreakpoint;
        case BreakpointKind::kHardware:
            return StopEvent::Kind::kHardwareBreakpoint;
        case BreakpointKind::kWriteWatch:
            return StopEvent::Kind::kWriteWatch;
        case BreakpointKind::kReadWatch:
        case BreakpointKind::kAccessWatch:
            return StopEvent::Kind::kAccessWatch;
    }
    return StopEvent::Kind::kStep;
}

}  // namespace

bool Debugger::takes(const kvm::Vcpu& vcpu, const VcpuExit& exit) {
    if (exit.kind == VcpuExit::Kind::kDebug) {
        return exit.exception == kBreakpointException ? on_int3(vcpu, exit.address)
                                                      : on_debug_exception(vcpu, exit);
    }
    // An emulator that does not know INT3 stops at it all the same.
    if (exit.kind == VcpuExit::Kind::kInternalError && exit.suberror == kEmulationFailed &&
        breakpoints_.has_int3()) {
        const auto rip = kvm::x86_64::linear_rip(vcpu);
        const auto place = rip.ok() ? view(vcpu.index()).translate(*rip) : std::nullopt;
        return place.has_value() && breakpoints_.is_int3(*place) &&
               stop(vcpu.index(), {.kind = StopEvent::Kind::kSoftwareBreakpoint});
    }
    return false;
}

bool Debugger::stop(unsigned cpu, StopEvent event) {
    event.cpu = cpu;
    {
        const std::lock_guard lock(mutex_);
        cpus_.at(cpu).event = std::move(event);
    }
    parts_.gate.close();
    return true;
}

bool Debugger::on_int3(const kvm::Vcpu& vcpu, std::uint64_t linear_address) {
    const auto place = view(vcpu.index()).translate(linear_address);
    if (place.has_value() && breakpoints_.is_int3(*place)) {
        return stop(vcpu.index(), {.kind = StopEvent::Kind::kSoftwareBreakpoint});
    }
    // The guest's own.
    return kvm::x86_64::inject_debug_exception(vcpu, cpus_.at(vcpu.index()).debug,
                                               kBreakpointException)
        .ok();
}

bool Debugger::on_debug_exception(const kvm::Vcpu& vcpu, const VcpuExit& exit) {
    const Cpu& cpu = cpus_.at(vcpu.index());
    for (std::size_t slot = 0; slot < cpu.debug.slots.size(); ++slot) {
        if ((exit.debug_status >> slot & 1U) != 0 && on_slot(vcpu.index(), exit, slot)) {
            return true;
        }
    }
    if ((exit.debug_status & kvm::x86_64::kDebugStatusSingleStep) != 0 && cpu.debug.single_step) {
        return on_step(vcpu, exit);
    }
    return kvm::x86_64::inject_debug_exception(vcpu, cpu.debug, kDebugException).ok();
}

bool Debugger::on_slot(unsigned cpu, const VcpuExit& exit, std::size_t index) {
    const auto& slot = cpus_.at(cpu).debug.slots.at(index);
    const gdb::Breakpoint* const breakpoint = breakpoints_.behind_slot(index);
    if (slot.kind == kvm::x86_64::DebugSlot::Kind::kNone || breakpoint == nullptr) {
        return false;
    }
    if (slot.kind == kvm::x86_64::DebugSlot::Kind::kExecute && slot.address != exit.address) {
        return false;  // the bit may be set for a slot that is off
    }
    return stop(cpu, {.kind = stop_kind(breakpoint->kind), .address = breakpoint->address});
}

/// After one instruction: what is kept by steps comes first, then the step that was asked for.
bool Debugger::on_step(const kvm::Vcpu& vcpu, const VcpuExit& exit) {
    const unsigned cpu = vcpu.index();
    if (breakpoints_.needs_steps()) {
        if (auto watch = changed_watch(cpu)) {
            return stop(cpu, std::move(*watch));
        }
        if (const auto* const breakpoint = breakpoints_.stepped_at(exit.address)) {
            return stop(cpu, {.kind = stop_kind(breakpoint->kind)});
        }
    }
    const ResumeAction& action = cpus_.at(cpu).action;
    const bool wants_step = action.kind == ResumeAction::Kind::kStep;
    const bool in_range = exit.address >= action.range_start && exit.address < action.range_end;
    if (wants_step && !in_range) {
        return stop(cpu, {.kind = StopEvent::Kind::kStep});
    }
    if (leaves_step_reach(vcpu)) {
        return stop(cpu, {.kind = StopEvent::Kind::kRefused,
                          .text = "skiff: the guest enters user mode, which this KVM cannot "
                                  "single-step: delete the watchpoints to go on "
                                  "(docs/debugging.md)"});
    }
    return true;
}

/// Whether the next step would be one that this KVM does wrong.
bool Debugger::leaves_step_reach(const kvm::Vcpu& vcpu) const {
    if (support_.user.single_step) {
        return false;
    }
    const auto state = kvm::x86_64::read_paging_state(vcpu);
    return !state.ok() || state->cpl == 3;
}

void Debugger::note_watched(unsigned cpu) {
    auto& watched = cpus_.at(cpu).watched;
    watched.clear();
    const auto watches = breakpoints_.stepped_watches();
    if (watches.empty()) {
        return;
    }
    const GuestView memory = view(cpu);
    for (const gdb::Breakpoint& watch : watches) {
        std::vector<std::uint8_t> bytes(static_cast<std::size_t>(watch.size_bytes));
        bytes.resize(memory.read(watch.address, bytes));
        watched.push_back(std::move(bytes));
    }
}

/// The first stepped watch whose bytes are not what they were. One that was not mapped, and is now,
/// begins to be watched.
std::optional<StopEvent> Debugger::changed_watch(unsigned cpu) {
    const auto watches = breakpoints_.stepped_watches();
    if (watches.empty()) {
        return std::nullopt;
    }
    const GuestView memory = view(cpu);
    auto& watched = cpus_.at(cpu).watched;
    for (std::size_t i = 0; i < watches.size(); ++i) {
        std::vector<std::uint8_t> now(static_cast<std::size_t>(watches[i].size_bytes));
        now.resize(memory.read(watches[i].address, now));
        std::vector<std::uint8_t>& before = watched.at(i);
        if (now == before || now.empty()) {
            continue;
        }
        const bool appeared = before.size() != now.size();
        before = std::move(now);
        if (!appeared) {
            return StopEvent{.kind = StopEvent::Kind::kWriteWatch, .address = watches[i].address};
        }
    }
    return std::nullopt;
}

bool Debugger::holds(unsigned vcpu, const ExitReason& reason) {
    const bool is_crash = reason.kind == ExitReason::Kind::kTripleFault ||
                          reason.kind == ExitReason::Kind::kKvmFailed;
    if (!is_crash || !has_client_) {
        return false;
    }
    {
        const std::lock_guard lock(mutex_);
        crash_ = reason;
    }
    return stop(vcpu, {.kind = StopEvent::Kind::kCrash,
                       .text = "skiff: " + describe(reason) + "; the guest cannot go on"});
}

}  // namespace skiff::machine
