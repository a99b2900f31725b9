// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/verdict.h"

#include <fmt/format.h>

namespace skiff::test_suite {
namespace {

/// As automake's test driver and kvm-unit-tests have it.
constexpr int kSkippedStatus = 77;
/// What skiff run ends with when the guest broke down (architecture.md, "Exit status").
constexpr int kFirstCrash = 70;
constexpr int kLastCrash = 76;

Judgement unexpected(const TestCase& test, const machine::ExitReport& report) {
    const std::string how = report.detail.empty() || report.guest_chose()
                                ? report.kind
                                : fmt::format("{}: {}", report.kind, report.detail);
    const std::string reason =
        fmt::format("{} (status {}), expected {}", how, report.status, test.expectation.describe());
    if (report.guest_chose()) {
        return report.status == kSkippedStatus
                   ? Judgement{Verdict::kSkip, "the guest ended with status 77"}
                   : Judgement{Verdict::kFail, reason};
    }
    if (report.kind == "timeout") {
        return {Verdict::kTimeout, reason};
    }
    const bool crashed = report.status >= kFirstCrash && report.status <= kLastCrash;
    return {crashed ? Verdict::kCrash : Verdict::kError, reason};
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
    switch (verdict) {
        case Verdict::kPass:
            return "pass";
        case Verdict::kFail:
            return "fail";
        case Verdict::kSkip:
            return "skip";
        case Verdict::kTimeout:
            return "timeout";
        case Verdict::kCrash:
            return "crash";
        case Verdict::kError:
            break;
    }
    return "error";
}

Judgement judge(const TestCase& test, const CaseEnd& end, const OutputWatch& output) {
    if (end.killed) {
        return {Verdict::kTimeout, "skiff itself did not end at the time limit and was killed"};
    }
    if (!end.report.has_value()) {
        return {
            Verdict::kError,
            fmt::format("skiff run ended with {} before a guest ran{}{}", end.process.describe(),
                        end.last_message.empty() ? "" : ": ", end.last_message)};
    }
    if (end.process.by_signal || end.process.number != end.report->status) {
        return {Verdict::kError,
                fmt::format("skiff run ended with {}, after it had told of status {}",
                            end.process.describe(), end.report->status)};
    }
    if (!test.expectation.is_met_by(*end.report)) {
        return unexpected(test, *end.report);
    }
    if (const std::optional<std::string> wrong = output.complaint()) {
        return {Verdict::kFail, *wrong};
    }
    return {Verdict::kPass, {}};
}

}  // namespace skiff::test_suite
