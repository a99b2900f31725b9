// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/expectation.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/suggestion.h"

namespace skiff::test_suite {
namespace {

constexpr std::string_view kSuccess = "success";
constexpr std::string_view kHostError = "host-error";

bool is_success(const machine::ExitReport& report) {
    // 0 is what tests that were written for QEMU's isa-debug-exit report success with: status 1.
    return report.guest_chose() &&
           (report.kind == "debug-exit" ? report.value == 0 : report.status == 0);
}

std::vector<std::string_view> known_words() {
    std::vector<std::string_view> words = {kSuccess};
    for (const std::string_view kind : machine::exit_kinds()) {
        if (kind != kHostError) {
            words.push_back(kind);
        }
    }
    return words;
}

}  // namespace

Result<void> Expectation::add_word(std::string_view word) {
    const std::vector<std::string_view> known = known_words();
    if (std::find(known.begin(), known.end(), word) == known.end()) {
        const std::string_view meant = nearest(word, known);
        return Error::user(
            meant.empty()
                ? fmt::format("'{}' is no end of a guest: write a status or one of {}", word,
                              fmt::join(known, ", "))
                : fmt::format("'{}' is no end of a guest: did you mean '{}'?", word, meant));
    }
    words_.emplace_back(word);
    return {};
}

Result<void> Expectation::add_status(long long status) {
    if (status < 0 || status > 255) {
        return Error::user(fmt::format("{} is no exit status: write 0 to 255", status));
    }
    statuses_.push_back(static_cast<int>(status));
    return {};
}

bool Expectation::is_met_by(const machine::ExitReport& report) const {
    if (words_.empty() && statuses_.empty()) {
        return is_success(report);
    }
    const auto fits = [&](const std::string& word) {
        return word == kSuccess ? is_success(report) : word == report.kind;
    };
    const bool has_status =
        report.kind != kHostError &&
        std::find(statuses_.begin(), statuses_.end(), report.status) != statuses_.end();
    return has_status || std::any_of(words_.begin(), words_.end(), fits);
}

std::string Expectation::describe() const {
    if (words_.empty() && statuses_.empty()) {
        return std::string(kSuccess);
    }
    std::vector<std::string> parts;
    for (const int status : statuses_) {
        parts.push_back(fmt::format("status {}", status));
    }
    parts.insert(parts.end(), words_.begin(), words_.end());
    return fmt::format("{}", fmt::join(parts, " or "));
}

}  // namespace skiff::test_suite
