// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/vcpu_thread.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "vmm/machine/debug/debugger.h"
#include "vmm/machine/emulation_hint.h"
#include "vmm/machine/trace/tracer.h"

namespace skiff::machine {
namespace {

// Interrupts KVM_RUN. A real-time signal, so that it is nobody else's.
int kick_signal() {
    return SIGRTMIN;
}

void ignore_kick(int /*signal*/) {}

/// The handler does nothing: what matters is that KVM_RUN comes back with EINTR.
Result<void> install_kick_handler() {
    struct sigaction action {};
    action.sa_handler = ignore_kick;
    if (::sigaction(kick_signal(), &action, nullptr) != 0) {
        return Error::host(errno, "cannot install the signal handler that interrupts vCPUs");
    }
    return {};
}

/// A port access of a string instruction is several items for one port.
void handle_port(const VcpuContext& context, const kvm::VcpuExit& exit) {
    for (std::size_t at = 0; at < exit.data.size(); at += exit.item_bytes) {
        const auto item = exit.data.subspan(at, exit.item_bytes);
        if (exit.kind == kvm::VcpuExit::Kind::kPortRead) {
            context.ports.read(exit.address, item);
        } else {
            context.ports.write(exit.address, item);
        }
    }
}

ExitReason stopped_by(ExitReason::Kind kind, unsigned vcpu, std::string detail) {
    return {.kind = kind, .value = 0, .detail = std::move(detail), .vcpu = vcpu};
}

std::string internal_error_text(const kvm::VcpuExit& exit) {
    // KVM API 5, KVM_EXIT_INTERNAL_ERROR.
    switch (exit.suberror) {
        case 1:
            return "KVM could not emulate an instruction" + emulation_hint(exit);
        case 2:
            return "an exception arrived while KVM delivered another";
        case 3:
            return "an exit arrived while KVM delivered an event";
        default:
            return fmt::format("KVM internal error, suberror {}", exit.suberror);
    }
}

constexpr std::string_view kTruncatedFile =
    " (was the kernel or initrd file truncated while the guest used it? They are mapped, not "
    "copied)";

/// KVM's instruction emulator takes RAM whose host page is gone for MMIO.
std::optional<ExitReason> missing_memory(const VcpuContext& context, const kvm::VcpuExit& exit,
                                         unsigned vcpu) {
    if (!context.memory.contains(GuestAddress(exit.address), exit.data.size())) {
        return std::nullopt;
    }
    return stopped_by(
        ExitReason::Kind::kHostError, vcpu,
        fmt::format("guest memory at {:#x} cannot be accessed{}", exit.address, kTruncatedFile));
}

/// Handles one exit; the reason to stop where the guest cannot go on.
std::optional<ExitReason> handle(const VcpuContext& context, const kvm::VcpuExit& exit,
                                 unsigned vcpu) {
    using Kind = kvm::VcpuExit::Kind;
    switch (exit.kind) {
        case Kind::kPortRead:
        case Kind::kPortWrite:
            handle_port(context, exit);
            return std::nullopt;
        case Kind::kMmioRead:
            context.mmio.read(exit.address, exit.data);
            return missing_memory(context, exit, vcpu);
        case Kind::kMmioWrite:
            context.mmio.write(exit.address, exit.data);
            return missing_memory(context, exit, vcpu);
        case Kind::kInterrupted:
            return std::nullopt;
        case Kind::kTripleFault:
            return stopped_by(ExitReason::Kind::kTripleFault, vcpu, "");
        case Kind::kSystemReset:
            return stopped_by(ExitReason::Kind::kReset, vcpu, "");
        case Kind::kSystemOff:
            return stopped_by(ExitReason::Kind::kPowerOff, vcpu, "");
        case Kind::kInternalError:
            return stopped_by(ExitReason::Kind::kKvmFailed, vcpu, internal_error_text(exit));
        case Kind::kFailEntry:
            return stopped_by(ExitReason::Kind::kKvmFailed, vcpu,
                              fmt::format("the processor refused to enter the guest, hardware "
                                          "reason {:#x}",
                                          exit.hardware_reason));
        case Kind::kDebug:
        case Kind::kUnhandled:
            return stopped_by(ExitReason::Kind::kKvmFailed, vcpu,
                              fmt::format("unexpected KVM exit reason {}", exit.reason));
    }
    return std::nullopt;
}

std::string run_failure_text(const Error& error) {
    if (error.errno_value() == EFAULT) {
        return error.message() + std::string(kTruncatedFile);
    }
    return error.message();
}

/// Waits where the machine is paused. The last KVM_RUN was interrupted, so no exit is half done.
void pass_gate(kvm::Vcpu& vcpu, const VcpuContext& context) {
    context.gate.pass(vcpu.index(), [&vcpu](bool has_stood) {
        vcpu.clear_exit_request();
        if (has_stood) {
            vcpu.tell_guest_that_it_stood();
        }
    });
}

void exit_loop(kvm::Vcpu& vcpu, const VcpuContext& context) {
    ExitTrace* const trace =
        context.tracer != nullptr ? context.tracer->exits_of(vcpu.index()) : nullptr;
    ExitCounters& counters = context.exit_counters[vcpu.index()];
    pass_gate(vcpu, context);
    while (!context.latch.stopped()) {
        const auto exit = vcpu.run();
        if (trace != nullptr) {
            trace->begin();
        }
        if (!exit) {
            context.latch.stop(stopped_by(ExitReason::Kind::kHostError, vcpu.index(),
                                          run_failure_text(exit.error())));
            return;
        }
        counters.count(exit->kind);
        if (exit->kind == kvm::VcpuExit::Kind::kInterrupted) {
            pass_gate(vcpu, context);
            if (trace != nullptr) {
                trace->end(*exit);
            }
            continue;
        }
        if (context.debugger != nullptr && context.debugger->takes(vcpu, *exit)) {
            continue;
        }
        if (auto reason = handle(context, *exit, vcpu.index())) {
            if (context.debugger != nullptr && context.debugger->holds(vcpu.index(), *reason)) {
                continue;
            }
            context.latch.stop(std::move(*reason));
            return;
        }
        if (trace != nullptr) {
            trace->end(*exit);
        }
    }
}

}  // namespace

struct VcpuThread::Start {
    kvm::Vcpu& vcpu;
    VcpuContext context;

    static void* main(void* argument) {
        const std::unique_ptr<Start> start(static_cast<Start*>(argument));
        const std::string name = fmt::format("vcpu {}", start->vcpu.index());
        ::pthread_setname_np(::pthread_self(), name.c_str());
        exit_loop(start->vcpu, start->context);
        return nullptr;
    }
};

Result<VcpuThread> VcpuThread::start(kvm::Vcpu& vcpu, const VcpuContext& context) {
    SKIFF_RETURN_IF_ERROR(install_kick_handler());
    auto start = std::make_unique<Start>(Start{vcpu, context});
    pthread_t thread{};
    const int failure = ::pthread_create(&thread, nullptr, &Start::main, start.get());
    if (failure != 0) {
        return Error::host(failure,
                           fmt::format("cannot start the thread of vCPU {}", vcpu.index()));
    }
    static_cast<void>(start.release());  // the thread owns it now
    return VcpuThread(vcpu, thread);
}

VcpuThread::VcpuThread(VcpuThread&& other) noexcept
    : vcpu_(other.vcpu_),
      thread_(other.thread_),
      joinable_(std::exchange(other.joinable_, false)) {}

VcpuThread::~VcpuThread() {
    SKIFF_CHECK(!joinable_);
}

void VcpuThread::kick() {
    vcpu_->request_exit();
    ::pthread_kill(thread_, kick_signal());
}

void VcpuThread::join() {
    SKIFF_CHECK(::pthread_join(thread_, nullptr) == 0);
    joinable_ = false;
}

}  // namespace skiff::machine
