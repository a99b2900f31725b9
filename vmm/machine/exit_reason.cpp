// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/exit_reason.h"

#include <fmt/format.h>

#include <csignal>

namespace skiff::machine {
namespace {

constexpr int kStatusHostError = 1;
constexpr int kStatusKernelPanic = 70;
constexpr int kStatusTripleFault = 71;
constexpr int kStatusKvmFailed = 72;
constexpr int kStatusKernelOops = 73;
constexpr int kStatusKernelWarning = 74;
constexpr int kStatusKernelLockup = 75;
constexpr int kStatusSilence = 76;
// 77 is what test programs end with that were skipped.
constexpr int kStatusTimeout = 124;
constexpr int kStatusCommandLost = 125;
constexpr int kStatusSignalBase = 128;
constexpr int kStatusForced = kStatusSignalBase + SIGTERM;

}  // namespace

int exit_status(const ExitReason& reason) {
    switch (reason.kind) {
        case ExitReason::Kind::kPowerOff:
        case ExitReason::Kind::kReset:
        case ExitReason::Kind::kCommandEnded:
            return static_cast<int>(reason.value & 0xff);
        case ExitReason::Kind::kDebugExit:
            return static_cast<int>(((reason.value << 1) | 1) & 0xff);
        case ExitReason::Kind::kKernelPanic:
            return kStatusKernelPanic;
        case ExitReason::Kind::kTripleFault:
            return kStatusTripleFault;
        case ExitReason::Kind::kKvmFailed:
            return kStatusKvmFailed;
        case ExitReason::Kind::kKernelOops:
            return kStatusKernelOops;
        case ExitReason::Kind::kKernelWarning:
            return kStatusKernelWarning;
        case ExitReason::Kind::kKernelLockup:
            return kStatusKernelLockup;
        case ExitReason::Kind::kSilence:
            return kStatusSilence;
        case ExitReason::Kind::kTimeout:
            return kStatusTimeout;
        case ExitReason::Kind::kUserQuit:
            return 0;
        case ExitReason::Kind::kSignal:
            return kStatusSignalBase + static_cast<int>(reason.value);
        case ExitReason::Kind::kForced:
            return kStatusForced;
        case ExitReason::Kind::kCommandLost:
            return kStatusCommandLost;
        case ExitReason::Kind::kHostError:
            return kStatusHostError;
    }
    return kStatusHostError;
}

std::string describe(const ExitReason& reason) {
    const auto what = [&]() -> std::string {
        switch (reason.kind) {
            case ExitReason::Kind::kPowerOff:
                return "the guest powered off";
            case ExitReason::Kind::kReset:
                return "the guest reset itself";
            case ExitReason::Kind::kDebugExit:
                return fmt::format("the guest wrote {:#x} to the debug-exit port", reason.value);
            case ExitReason::Kind::kKernelPanic:
                return "the guest's kernel panicked";
            case ExitReason::Kind::kTripleFault:
                return "triple fault";
            case ExitReason::Kind::kKvmFailed:
                return "KVM cannot go on";
            case ExitReason::Kind::kKernelOops:
                return "the guest's kernel had an oops";
            case ExitReason::Kind::kKernelWarning:
                return "the guest's kernel warned";
            case ExitReason::Kind::kKernelLockup:
                return "the guest's kernel locked up";
            case ExitReason::Kind::kSilence:
                return "the guest printed nothing for too long";
            case ExitReason::Kind::kTimeout:
                return "the time limit ran out";
            case ExitReason::Kind::kUserQuit:
                return "quit from the console";
            case ExitReason::Kind::kSignal:
                return fmt::format("stopped by signal {}", reason.value);
            case ExitReason::Kind::kForced:
                return "the guest was stopped by force";
            case ExitReason::Kind::kHostError:
                return "the host failed";
            case ExitReason::Kind::kCommandEnded:
                return "the command ended";
            case ExitReason::Kind::kCommandLost:
                return "the command did not run to its end";
        }
        return "unknown";
    }();
    return reason.detail.empty() ? what : what + ": " + reason.detail;
}

}  // namespace skiff::machine
