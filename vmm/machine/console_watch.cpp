// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_watch.h"

#include <algorithm>

namespace skiff::machine {
namespace {

// Linux, kernel/panic.c: what panic() prints first and, where it does not reboot, last.
constexpr std::string_view kPanic = "Kernel panic - not syncing";
constexpr std::string_view kPanicEnd = "---[ end Kernel panic";

// The end marker is looked for at the beginning of a line, behind a time stamp at most.
constexpr std::uint64_t kMarkerWithin = 96;

}  // namespace

bool ConsoleWatch::on_output(std::span<const std::uint8_t> bytes) {
    const std::lock_guard lock(mutex_);
    for (const std::uint8_t byte : bytes) {
        if (byte == '\r') {
            continue;
        }
        ring_[written_ % kKeptBytes] = static_cast<char>(byte);
        ++written_;
        ends_with_panic_ = false;
        if (byte == '\n') {
            ends_with_panic_ = line_ends_panic();
            line_start_ = written_;
        }
    }
    return ends_with_panic_;
}

bool ConsoleWatch::line_ends_panic() const {
    const std::uint64_t oldest = written_ < kKeptBytes ? 0 : written_ - kKeptBytes;
    const std::uint64_t start = std::max(line_start_, oldest);
    std::array<char, kMarkerWithin> head{};
    const std::size_t size = std::min(kMarkerWithin, written_ - start);
    for (std::size_t i = 0; i < size; ++i) {
        head.at(i) = ring_[(start + i) % kKeptBytes];
    }
    return std::string_view(head.data(), size).find(kPanicEnd) != std::string_view::npos;
}

std::string ConsoleWatch::kept() const {
    const std::size_t size = std::min<std::uint64_t>(written_, kKeptBytes);
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = ring_[(written_ - size + i) % kKeptBytes];
    }
    return text;
}

std::vector<std::string> ConsoleWatch::lines() const {
    std::vector<std::string> result;
    const std::string text = kept();
    std::size_t at = 0;
    while (at < text.size()) {
        const std::size_t end = std::min(text.find('\n', at), text.size());
        result.push_back(text.substr(at, end - at));
        at = end + 1;
    }
    return result;
}

bool ConsoleWatch::panicked() const {
    return !panic_message().empty();
}

std::string ConsoleWatch::panic_message() const {
    const std::lock_guard lock(mutex_);
    const std::vector<std::string> all = lines();
    for (auto line = all.rbegin(); line != all.rend(); ++line) {
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
    return ends_with_panic_;
}

std::vector<std::string> ConsoleWatch::last_lines(std::size_t count) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> result = lines();
    if (result.size() > count) {
        result.erase(result.begin(), result.end() - static_cast<std::ptrdiff_t>(count));
    }
    return result;
}

}  // namespace skiff::machine
