// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "vmm/machine/exit_reason.h"

/// How a machine ended, as text for other programs: the exit status alone does not say whether the
/// guest chose it (a debug exit with value 0 ends with 1, as an error of the host does).
namespace skiff::machine {

struct ExitReport {
    std::string kind;  ///< One of exit_kinds().
    int status = 0;    ///< The exit status of skiff run.
    unsigned value = 0;
    std::string detail;

    /// Whether the guest said itself how it ended, so that the status is its own.
    bool guest_chose() const;
    bool operator==(const ExitReport& other) const = default;
};

/// Every kind of end: "power-off", "reset", "debug-exit", "panic", "triple-fault", "kvm-failure",
/// "oops", "warning", "lockup", "silence", "timeout", "quit", "signal", "forced", "command",
/// "command-lost", "host-error".
std::span<const std::string_view> exit_kinds();

/// The one of a reason.
std::string_view exit_kind(const ExitReason& reason);

/// A line each: kind=, status=, value=, detail=. Line breaks of the detail become blanks.
std::string exit_report_text(const ExitReason& reason);

/// The other way; nothing where the text is none. Lines with other names are left alone.
std::optional<ExitReport> parse_exit_report(std::string_view text);

}  // namespace skiff::machine
