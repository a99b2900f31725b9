// SPDX-License-Identifier: Apache-2.0
#include "vmm/test_suite/output_watch.h"

#include <fmt/format.h>

#include <algorithm>

namespace skiff::test_suite {

void OutputTail::append(std::string_view part) {
    total_ += part.size();
    text_ += part;
    if (text_.size() > 2 * kLimit) {
        text_.erase(0, text_.size() - kLimit);
    }
}

KeptOutput OutputTail::take() const {
    const std::size_t kept = std::min(text_.size(), kLimit);
    return {text_.substr(text_.size() - kept), total_ - kept};
}

OutputWatch::OutputWatch(const OutputRules& rules)
    : rules_(rules), matched_(rules.must_match.size()), contained_(rules.must_contain.size()) {}

void OutputWatch::append(std::string_view part) {
    if (rules_.empty()) {
        return;
    }
    while (!part.empty()) {
        const std::size_t room = kLineLimit - line_.size();
        const std::size_t end = part.substr(0, room).find('\n');
        if (end == std::string_view::npos && part.size() < room) {
            line_ += part;
            return;
        }
        line_ += part.substr(0, std::min(end, room));
        part.remove_prefix(end == std::string_view::npos ? room : end + 1);
        take_line(line_);
        line_.clear();
    }
}

void OutputWatch::end() {
    if (!line_.empty()) {
        take_line(line_);
        line_.clear();
    }
}

void OutputWatch::take_line(std::string_view line) {
    while (line.ends_with('\r')) {
        line.remove_suffix(1);
    }
    for (std::size_t i = 0; i < matched_.size(); ++i) {
        matched_[i] = matched_[i] || rules_.must_match[i].matches(line);
    }
    for (std::size_t i = 0; i < contained_.size(); ++i) {
        contained_[i] = contained_[i] || line.find(rules_.must_contain[i]) != line.npos;
    }
    for (const Pattern& pattern : rules_.must_not_match) {
        if (!forbidden_.has_value() && pattern.matches(line)) {
            forbidden_ =
                fmt::format("a line of the console matches '{}', which forbid has", pattern.text());
        }
    }
}

std::optional<std::string> OutputWatch::complaint() const {
    if (forbidden_.has_value()) {
        return forbidden_;
    }
    for (std::size_t i = 0; i < matched_.size(); ++i) {
        if (!matched_[i]) {
            return fmt::format("no line of the console matches '{}'", rules_.must_match[i].text());
        }
    }
    for (std::size_t i = 0; i < contained_.size(); ++i) {
        if (!contained_[i]) {
            return fmt::format("no line of the console has '{}'", rules_.must_contain[i]);
        }
    }
    return std::nullopt;
}

}  // namespace skiff::test_suite
