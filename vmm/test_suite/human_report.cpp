// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/human_report.h"

#include <fmt/format.h>

#include "vmm/test_suite/printable.h"

namespace skiff::test_suite {
namespace {

std::string indented(const std::string& text) {
    std::string result;
    std::string_view rest = text;
    while (!rest.empty()) {
        const std::size_t end = std::min(rest.find('\n'), rest.size());
        result += fmt::format("    | {}\n", rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return result;
}

std::string verdict_word(Verdict verdict) {
    std::string word(verdict_name(verdict));
    if (!is_good(verdict)) {
        for (char& letter : word) {
            letter = static_cast<char>(letter - 'a' + 'A');
        }
    }
    return word;
}

}  // namespace

void HumanReport::begin(std::size_t total) {
    total_ = total;
}

void HumanReport::case_ended(const TestCase& test, const Outcome& outcome) {
    ++ended_;
    const std::string name = printable_line(test.name);
    std::string text = fmt::format("{:<7} {:>4}/{} {} ({})", verdict_word(outcome.verdict), ended_,
                                   total_, name, in_seconds(outcome.duration));
    if (!outcome.reason.empty()) {
        text += ": " + printable_line(outcome.reason);
    }
    text += "\n";
    const bool bad = !is_good(outcome.verdict);
    if (bad) {
        bad_names_ += fmt::format("  {:<7} {} [{}]\n", verdict_word(outcome.verdict), name,
                                  printable_line(test.origin));
    }
    if (bad || consoles_ == Consoles::kAll) {
        text += indented(kept_text(outcome.console));
        text += indented(kept_text(outcome.messages));
    }
    file_.write(text);
}

Result<void> HumanReport::end(const Summary& summary) {
    std::string text = bad_names_.empty() ? "" : "\n" + bad_names_;
    text += fmt::format("{}; {}{}\n", summary.describe(), in_seconds(summary.duration),
                        summary.early_end == EarlyEnd::kFailFast      ? "; ended by --fail-fast"
                        : summary.early_end == EarlyEnd::kInterrupted ? "; interrupted"
                                                                      : "");
    file_.write(text);
    return file_.result();
}

}  // namespace skiff::test_suite
