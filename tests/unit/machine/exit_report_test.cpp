// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/exit_report.h"

#include <algorithm>
#include <catch2/catch.hpp>

namespace skiff::machine {
namespace {

using Kind = ExitReason::Kind;

ExitReport reported(Kind kind, unsigned value = 0, std::string detail = {}) {
    const ExitReason reason{.kind = kind, .value = value, .detail = std::move(detail), .vcpu = {}};
    const auto report = parse_exit_report(exit_report_text(reason));
    REQUIRE(report.has_value());
    CHECK(report->status == exit_status(reason));
    return *report;
}

TEST_CASE("An exit report says what the status alone does not") {
    CHECK(reported(Kind::kDebugExit, 0) == ExitReport{"debug-exit", 1, 0, ""});
    CHECK(reported(Kind::kCommandEnded, 37) == ExitReport{"command", 37, 37, ""});
    CHECK(reported(Kind::kCommandLost) == ExitReport{"command-lost", 125, 0, ""});
    CHECK(reported(Kind::kHostError) == ExitReport{"host-error", 1, 0, ""});
    CHECK(reported(Kind::kDebugExit, 35) == ExitReport{"debug-exit", 71, 35, ""});
    CHECK(reported(Kind::kTripleFault) == ExitReport{"triple-fault", 71, 0, ""});
    CHECK(reported(Kind::kPowerOff, 7) == ExitReport{"power-off", 7, 7, ""});
}

TEST_CASE("Only the guest's own ends are the guest's choice") {
    CHECK(reported(Kind::kPowerOff).guest_chose());
    CHECK(reported(Kind::kReset).guest_chose());
    CHECK(reported(Kind::kDebugExit).guest_chose());
    for (const Kind kind :
         {Kind::kKernelPanic, Kind::kTripleFault, Kind::kKvmFailed, Kind::kKernelOops,
          Kind::kKernelWarning, Kind::kKernelLockup, Kind::kSilence, Kind::kTimeout,
          Kind::kUserQuit, Kind::kSignal, Kind::kForced, Kind::kHostError}) {
        CHECK_FALSE(reported(kind).guest_chose());
    }
}

TEST_CASE("A detail of several lines, which the guest may have written, forges no line") {
    const ExitReport report = reported(Kind::kKernelPanic, 0, "a\nstatus=0\nkind=reset");
    CHECK(report.kind == "panic");
    CHECK(report.status == 70);
    CHECK(report.detail == "a status=0 kind=reset");
}

TEST_CASE("What is no exit report is not taken for one") {
    CHECK_FALSE(parse_exit_report("").has_value());
    CHECK_FALSE(parse_exit_report("status=0\n").has_value());
    CHECK_FALSE(parse_exit_report("kind=unheard-of\n").has_value());
    CHECK_FALSE(parse_exit_report("kind=reset\nstatus=x\n").has_value());
    CHECK_FALSE(parse_exit_report("kind=reset\nno sign\n").has_value());
    CHECK(parse_exit_report("kind=reset\nlater=1\n").has_value());
}

}  // namespace
}  // namespace skiff::machine
