// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace skiff::machine {

/// Why a machine stopped; made once, decides the log line and the exit status.
struct ExitReason {
    enum class Kind {
        kPowerOff,     ///< The guest powered off: status `value`, 0 unless the guest set it.
        kReset,        ///< The guest asked for a reset: status `value`, 0 unless the guest set it.
        kDebugExit,    ///< Value v written to the debug-exit port: status (v << 1) | 1.
        kKernelPanic,  ///< 70
        kTripleFault,  ///< 71
        kKvmFailed,    ///< 72: KVM_EXIT_INTERNAL_ERROR or KVM_EXIT_FAIL_ENTRY
        kKernelOops,   ///< 73, with --fail-on
        kKernelWarning,  ///< 74, with --fail-on
        kKernelLockup,   ///< 75, with --fail-on
        kSilence,        ///< 76: --silence-timeout ran out
        kTimeout,        ///< 124
        kUserQuit,       ///< Ctrl-] q or closed console: status 0
        kSignal,         ///< A signal ended it: 128 + `value`
        kForced,         ///< 143, as by SIGTERM: it was asked to shut down, and did not in time.
        kHostError,      ///< 1
        // Where the machine is there for one command:
        kCommandEnded,  ///< Its status is `value`.
        kCommandLost,   ///< 125: the guest ended without it, or before it.
    };

    Kind kind = Kind::kPowerOff;
    /// Exit status set by the guest, debug-exit value, or signal number.
    unsigned value = 0;
    /// More to say, for people; may be empty.
    std::string detail;
    /// The vCPU that stopped, where one did.
    std::optional<unsigned> vcpu;
};

/// The exit status of `skiff run` (architecture.md, "Exit status").
int exit_status(const ExitReason& reason);

/// One line for people: "the guest powered off", "triple fault", …
std::string describe(const ExitReason& reason);

}  // namespace skiff::machine
