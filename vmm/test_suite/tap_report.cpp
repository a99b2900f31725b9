// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/tap_report.h"

#include <fmt/format.h>

#include "vmm/test_suite/printable.h"

namespace skiff::test_suite {
namespace {

/// "Backslash and # are escaped by a backslash" (TAP 14, "Escaping").
std::string description(std::string_view text) {
    std::string result;
    for (const char c : printable_line(text)) {
        if (c == '#' || c == '\\') {
            result += '\\';
        }
        result += c;
    }
    return result;
}

/// A double-quoted scalar (YAML 1.2, section 7.3.1).
std::string quoted(std::string_view text) {
    std::string result = "\"";
    for (const char c : printable_line(text)) {
        if (c == '"' || c == '\\') {
            result += '\\';
        }
        result += c;
    }
    return result + "\"";
}

/// A literal block scalar whose indentation is said, as its first line may begin with blanks.
std::string block(std::string_view key, const KeptOutput& output) {
    const std::string text = kept_text(output);
    if (text.empty()) {
        return {};
    }
    std::string result = fmt::format("  {}: |2\n", key);
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        result += fmt::format("    {}\n", rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return result;
}

std::string diagnostics(const TestCase& test, const Outcome& outcome) {
    std::string text =
        fmt::format("  ---\n  message: {}\n  severity: {}\n  at: {}\n", quoted(outcome.reason),
                    verdict_name(outcome.verdict), quoted(test.origin));
    if (outcome.status.has_value()) {
        text += fmt::format("  status: {}\n", *outcome.status);
    }
    text += fmt::format("  duration_ms: {}\n", outcome.duration.count());
    text += block("console", outcome.console) + block("messages", outcome.messages);
    return text + "  ...\n";
}

}  // namespace

void TapReport::begin(std::size_t total) {
    file_.write(fmt::format("TAP version 14\n1..{}\n", total));
}

void TapReport::case_ended(const TestCase& test, const Outcome& outcome) {
    std::string text = fmt::format("{}ok {} - {}", is_good(outcome.verdict) ? "" : "not ",
                                   ++number_, description(test.name));
    if (outcome.verdict == Verdict::kSkip) {
        text += " # SKIP " + description(outcome.reason);
    }
    text += "\n";
    if (!is_good(outcome.verdict)) {
        text += diagnostics(test, outcome);
    }
    file_.write(text);
}

Result<void> TapReport::end(const Summary& summary) {
    if (summary.early_end == EarlyEnd::kFailFast) {
        file_.write("Bail out! a case did not pass (--fail-fast)\n");
    } else if (summary.early_end == EarlyEnd::kInterrupted) {
        file_.write("Bail out! interrupted\n");
    }
    file_.write(fmt::format("# {}\n", summary.describe()));
    return file_.result();
}

}  // namespace skiff::test_suite
