// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/exit_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

namespace skiff::machine {
namespace {

using Kind = ExitReason::Kind;

constexpr std::array<std::string_view, 17> kKinds = {
    "power-off", "reset",   "debug-exit", "panic",   "triple-fault", "kvm-failure",
    "oops",      "warning", "lockup",     "silence", "timeout",      "quit",
    "signal",    "forced",  "host-error", "command", "command-lost"};

std::string_view name_of(Kind kind) {
    switch (kind) {
        case Kind::kPowerOff:
            return "power-off";
        case Kind::kReset:
            return "reset";
        case Kind::kDebugExit:
            return "debug-exit";
        case Kind::kKernelPanic:
            return "panic";
        case Kind::kTripleFault:
            return "triple-fault";
        case Kind::kKvmFailed:
            return "kvm-failure";
        case Kind::kKernelOops:
            return "oops";
        case Kind::kKernelWarning:
            return "warning";
        case Kind::kKernelLockup:
            return "lockup";
        case Kind::kSilence:
            return "silence";
        case Kind::kTimeout:
            return "timeout";
        case Kind::kUserQuit:
            return "quit";
        case Kind::kSignal:
            return "signal";
        case Kind::kForced:
            return "forced";
        case Kind::kCommandEnded:
            return "command";
        case Kind::kCommandLost:
            return "command-lost";
        case Kind::kHostError:
            return "host-error";
    }
    return "host-error";
}

template <typename Number>
bool read_number(std::string_view text, Number& to) {
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, to);
    return failure == std::errc() && rest == end;
}

/// False where the line has a name that we know and a value that it cannot have.
bool read_line(std::string_view name, std::string_view value, ExitReport& report) {
    if (name == "kind") {
        report.kind = value;
        return std::find(kKinds.begin(), kKinds.end(), value) != kKinds.end();
    }
    if (name == "detail") {
        report.detail = value;
    }
    return name == "status"  ? read_number(value, report.status)
           : name == "value" ? read_number(value, report.value)
                             : true;
}

}  // namespace

bool ExitReport::guest_chose() const {
    return kind == "power-off" || kind == "reset" || kind == "debug-exit" || kind == "command";
}

std::span<const std::string_view> exit_kinds() {
    return kKinds;
}

std::string_view exit_kind(const ExitReason& reason) {
    return name_of(reason.kind);
}

std::string exit_report_text(const ExitReason& reason) {
    std::string detail = reason.detail;
    std::replace(detail.begin(), detail.end(), '\n', ' ');
    return fmt::format("kind={}\nstatus={}\nvalue={}\ndetail={}\n", name_of(reason.kind),
                       exit_status(reason), reason.value, detail);
}

std::optional<ExitReport> parse_exit_report(std::string_view text) {
    ExitReport report;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('\n'), text.size());
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        const std::size_t sign = line.find('=');
        if (sign == std::string_view::npos ||
            !read_line(line.substr(0, sign), line.substr(sign + 1), report)) {
            return std::nullopt;
        }
    }
    return report.kind.empty() ? std::nullopt : std::optional(report);
}

}  // namespace skiff::machine
