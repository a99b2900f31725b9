// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_watch.h"

#include <algorithm>
#include <string_view>

namespace skiff::machine {
namespace {

// Linux, kernel/panic.c: what panic() prints first and, where it does not reboot, last.
constexpr std::string_view kPanic = "Kernel panic - not syncing";
constexpr std::string_view kPanicEnd = "---[ end Kernel panic";

}  // namespace

bool ConsoleWatch::on_output(std::span<const std::uint8_t> bytes) {
    const std::lock_guard lock(mutex_);
    for (const std::uint8_t byte : bytes) {
        if (byte == '\n') {
            finish_line();
        } else if (byte != '\r' && line_.size() < kMaxLineBytes) {
            line_.push_back(static_cast<char>(byte));
        }
    }
    return ends_with_panic();
}

bool ConsoleWatch::ends_with_panic() const {
    return line_.empty() && !lines_.empty() && lines_.back().find(kPanicEnd) != std::string::npos;
}

void ConsoleWatch::finish_line() {
    if (lines_.size() == kMaxLines) {
        lines_.pop_front();
    }
    lines_.push_back(std::move(line_));
    line_.clear();
}

bool ConsoleWatch::panicked() const {
    return !panic_message().empty();
}

std::string ConsoleWatch::panic_message() const {
    const std::lock_guard lock(mutex_);
    for (auto line = lines_.rbegin(); line != lines_.rend(); ++line) {
        const std::size_t at = line->find(kPanic);
        // The end marker quotes the message: the first line that has it is meant.
        if (at != std::string::npos && line->find(kPanicEnd) == std::string::npos) {
            return line->substr(at);
        }
    }
    return {};
}

bool ConsoleWatch::panic_is_over() const {
    const std::lock_guard lock(mutex_);
    return ends_with_panic();
}

std::vector<std::string> ConsoleWatch::last_lines(std::size_t count) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> result(lines_.begin(), lines_.end());
    if (!line_.empty()) {
        result.push_back(line_);
    }
    if (result.size() > count) {
        result.erase(result.begin(), result.end() - static_cast<std::ptrdiff_t>(count));
    }
    return result;
}

}  // namespace skiff::machine
