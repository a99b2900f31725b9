// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/console_watch.h"

#include <algorithm>
#include <utility>

namespace skiff::machine {
namespace {

/// A message is looked for in the beginning of a line: behind a time stamp, and behind what a
/// program may have printed before that without ending its line.
constexpr std::uint64_t kLookedAt = 512;

}  // namespace

ConsoleWatch::News ConsoleWatch::on_output(std::span<const std::uint8_t> bytes) {
    const std::lock_guard lock(mutex_);
    News news;
    for (const std::uint8_t byte : bytes) {
        if (byte == '\r') {
            continue;
        }
        ring_[written_ % kKeptBytes] = static_cast<char>(byte);
        ++written_;
        ends_with_panic_ = false;
        if (byte == '\n') {
            look_at_line(news);
            line_start_ = written_;
        }
    }
    news.panic_is_over = ends_with_panic_;
    return news;
}

void ConsoleWatch::look_at_line(News& news) {
    std::array<char, kLookedAt> room;
    const std::string_view line = last_line_head(room);
    const KernelLine parts = split_kernel_line(line);
    has_stamps_ = has_stamps_ || parts.has_stamp;
    if (has_stamps_ && !parts.has_stamp) {
        return;
    }
    const bool has_panicked = first_[index_of(KernelTrouble::kPanic)].size != 0;
    ends_with_panic_ =
        ends_panic(parts.message) || (has_panicked && waits_for_reboot(parts.message));
    trace_is_over_ = trace_is_over_ || ends_trace(parts.message);
    const auto trouble = trouble_in(parts.message);
    if (!trouble.has_value()) {
        return;
    }
    trace_is_over_ = false;
    news.troubles.set(index_of(*trouble));
    Message& first = first_[index_of(*trouble)];
    if (first.size == 0) {
        first.set(parts.message);
    }
    last_[index_of(*trouble)].set(parts.message);
}

void ConsoleWatch::Message::set(std::string_view message) {
    size = std::min(message.size(), text.size());
    std::copy_n(message.begin(), size, text.begin());
}

std::string_view ConsoleWatch::last_line_head(std::span<char> room) const {
    const std::uint64_t oldest = written_ < kKeptBytes ? 0 : written_ - kKeptBytes;
    const std::uint64_t start = std::max(line_start_, oldest);
    const std::size_t size = std::min<std::uint64_t>(room.size(), written_ - start);
    for (std::size_t i = 0; i < size; ++i) {
        room[i] = ring_[(start + i) % kKeptBytes];
    }
    std::string_view line(room.data(), size);
    if (line.ends_with('\n')) {
        line.remove_suffix(1);
    }
    return line;
}

std::optional<KernelTrouble> ConsoleWatch::trouble_of(std::string_view line) const {
    const KernelLine parts = split_kernel_line(line.substr(0, kLookedAt));
    return has_stamps_ && !parts.has_stamp ? std::nullopt : trouble_in(parts.message);
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

std::uint64_t ConsoleWatch::written() const {
    const std::lock_guard lock(mutex_);
    return written_;
}

bool ConsoleWatch::panicked() const {
    return !panic_message().empty();
}

std::string ConsoleWatch::panic_message() const {
    const std::lock_guard lock(mutex_);
    const std::vector<std::string> all = lines();
    for (auto line = all.rbegin(); line != all.rend(); ++line) {
        if (trouble_of(*line) == KernelTrouble::kPanic) {
            return std::string(split_kernel_line(*line).message);
        }
    }
    return {};
}

bool ConsoleWatch::panic_is_over() const {
    const std::lock_guard lock(mutex_);
    return ends_with_panic_;
}

std::string ConsoleWatch::first_message(KernelTrouble trouble) const {
    const std::lock_guard lock(mutex_);
    return first_[index_of(trouble)].string();
}

std::string ConsoleWatch::last_message(KernelTrouble trouble) const {
    const std::lock_guard lock(mutex_);
    return last_[index_of(trouble)].string();
}

bool ConsoleWatch::trace_is_over() const {
    const std::lock_guard lock(mutex_);
    return trace_is_over_;
}

std::vector<std::string> ConsoleWatch::last_lines(std::size_t count) const {
    const std::lock_guard lock(mutex_);
    std::vector<std::string> result = lines();
    if (result.size() > count) {
        result.erase(result.begin(), result.end() - static_cast<std::ptrdiff_t>(count));
    }
    return result;
}

std::vector<std::string> ConsoleWatch::lines_since(KernelTrouble trouble, std::size_t count) const {
    const std::vector<std::string> last = last_lines(count);
    const std::lock_guard lock(mutex_);
    const auto first = std::find_if(last.begin(), last.end(), [&](const std::string& line) {
        const auto found = trouble_of(line);
        return found.has_value() && *found >= trouble;
    });
    return {first, last.end()};
}

}  // namespace skiff::machine
