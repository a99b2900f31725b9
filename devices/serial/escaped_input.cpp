// SPDX-License-Identifier: Apache-2.0
#include "devices/serial/escaped_input.h"

#include <algorithm>
#include <array>
#include <vector>

namespace skiff::devices {

/// In bytes of the line.
std::size_t EscapedInput::room() {
    return std::min(line_.input_room(), credit_);
}

std::size_t EscapedInput::input_room() {
    const std::scoped_lock lock(mutex_);
    return room() / 2;  // each byte may need two
}

std::size_t EscapedInput::receive(std::span<const std::uint8_t> bytes) {
    const std::scoped_lock lock(mutex_);
    const std::span<const std::uint8_t> taken = bytes.first(std::min(bytes.size(), room() / 2));
    std::vector<std::uint8_t> escaped;
    escaped.reserve(2 * taken.size());
    for (const std::uint8_t byte : taken) {
        if (byte == kEscape) {
            escaped.push_back(kEscape);
        }
        escaped.push_back(byte);
    }
    credit_ -= line_.receive(escaped);
    return taken.size();
}

void EscapedInput::end() {
    const std::scoped_lock lock(mutex_);
    end_waits_ = true;
    send_end();
}

void EscapedInput::send_end() {
    constexpr std::array kMark = {kEscape, kEnd};
    if (end_waits_ && room() >= kMark.size()) {
        end_waits_ = false;
        credit_ -= line_.receive(kMark);
    }
}

void EscapedInput::add_credit(std::size_t bytes) {
    const std::scoped_lock lock(mutex_);
    credit_ = std::min(credit_ + bytes, kMaxCredit);
    send_end();
}

void EscapedInput::line_has_room() {
    const std::scoped_lock lock(mutex_);
    send_end();
}

}  // namespace skiff::devices
