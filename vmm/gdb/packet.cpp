// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/packet.h"

#include <charconv>

namespace skiff::gdb {
namespace {

constexpr std::uint8_t kInterruptByte = 0x03;
constexpr char kEscape = '}';
constexpr char kEscapeBit = 0x20;

constexpr std::string_view kDigits = "0123456789abcdef";

std::optional<std::uint8_t> digit_value(char digit) {
    if (digit >= '0' && digit <= '9') {
        return static_cast<std::uint8_t>(digit - '0');
    }
    if (digit >= 'a' && digit <= 'f') {
        return static_cast<std::uint8_t>(digit - 'a' + 10);
    }
    if (digit >= 'A' && digit <= 'F') {
        return static_cast<std::uint8_t>(digit - 'A' + 10);
    }
    return std::nullopt;
}

std::optional<std::uint8_t> byte_value(char high, char low) {
    const auto first = digit_value(high);
    const auto second = digit_value(low);
    if (!first.has_value() || !second.has_value()) {
        return std::nullopt;
    }
    return static_cast<std::uint8_t>(*first << 4 | *second);
}

}  // namespace

std::optional<PacketParser::Event> PacketParser::next(std::span<const std::uint8_t>& input) {
    while (!input.empty()) {
        const std::uint8_t byte = input.front();
        input = input.subspan(1);
        if (auto event = take(byte)) {
            return event;
        }
    }
    return std::nullopt;
}

std::optional<PacketParser::Event> PacketParser::take(std::uint8_t byte) {
    switch (state_) {
        case State::kBetween:
            return take_between(byte);
        case State::kBody:
            if (byte == '#') {
                state_ = State::kFirstDigit;
            } else if (body_.size() == kMaxPacketBytes) {
                too_long_ = true;  // the rest is dropped, up to its end
            } else {
                body_ += static_cast<char>(byte);
                sum_ = static_cast<std::uint8_t>(sum_ + byte);
            }
            return std::nullopt;
        case State::kFirstDigit:
            first_digit_ = byte;
            state_ = State::kSecondDigit;
            return std::nullopt;
        case State::kSecondDigit:
            state_ = State::kBetween;
            return finish(byte);
    }
    return std::nullopt;
}

std::optional<PacketParser::Event> PacketParser::take_between(std::uint8_t byte) {
    switch (byte) {
        case '$':
            state_ = State::kBody;
            body_.clear();
            too_long_ = false;
            sum_ = 0;
            return std::nullopt;
        case '+':
            return Event{.kind = Kind::kAck, .body = {}};
        case '-':
            return Event{.kind = Kind::kNack, .body = {}};
        case kInterruptByte:
            return Event{.kind = Kind::kInterrupt, .body = {}};
        default:
            return std::nullopt;
    }
}

PacketParser::Event PacketParser::finish(std::uint8_t second_digit) {
    const auto told = byte_value(static_cast<char>(first_digit_), static_cast<char>(second_digit));
    if (too_long_ || !told.has_value() || *told != sum_) {
        return {.kind = Kind::kDamaged, .body = {}};
    }
    return {.kind = Kind::kPacket, .body = std::move(body_)};
}

std::string frame(std::string_view body) {
    std::uint8_t sum = 0;
    for (const char character : body) {
        sum = static_cast<std::uint8_t>(sum + static_cast<std::uint8_t>(character));
    }
    std::string packet = "$";
    packet += body;
    packet += '#';
    packet += kDigits[sum >> 4];
    packet += kDigits[sum & 0xf];
    return packet;
}

std::string escape(std::span<const std::uint8_t> data) {
    std::string text;
    text.reserve(data.size());
    for (const std::uint8_t byte : data) {
        const char character = static_cast<char>(byte);
        if (character == '#' || character == '$' || character == kEscape || character == '*') {
            text += kEscape;
            text += static_cast<char>(character ^ kEscapeBit);
        } else {
            text += character;
        }
    }
    return text;
}

std::optional<std::vector<std::uint8_t>> unescape(std::string_view text) {
    std::vector<std::uint8_t> data;
    data.reserve(text.size());
    for (std::size_t at = 0; at < text.size(); ++at) {
        char character = text[at];
        if (character == kEscape) {
            if (++at == text.size()) {
                return std::nullopt;
            }
            character = static_cast<char>(text[at] ^ kEscapeBit);
        }
        data.push_back(static_cast<std::uint8_t>(character));
    }
    return data;
}

std::string to_hex(std::span<const std::uint8_t> data) {
    std::string text;
    text.reserve(2 * data.size());
    for (const std::uint8_t byte : data) {
        text += kDigits[byte >> 4];
        text += kDigits[byte & 0xf];
    }
    return text;
}

std::string to_hex(std::string_view text) {
    std::string hex;
    hex.reserve(2 * text.size());
    for (const char character : text) {
        const auto byte = static_cast<std::uint8_t>(character);
        hex += kDigits[byte >> 4];
        hex += kDigits[byte & 0xf];
    }
    return hex;
}

std::optional<std::vector<std::uint8_t>> from_hex(std::string_view text) {
    if (text.size() % 2 != 0) {
        return std::nullopt;
    }
    std::vector<std::uint8_t> data;
    data.reserve(text.size() / 2);
    for (std::size_t at = 0; at < text.size(); at += 2) {
        const auto byte = byte_value(text[at], text[at + 1]);
        if (!byte.has_value()) {
            return std::nullopt;
        }
        data.push_back(*byte);
    }
    return data;
}

std::optional<std::uint64_t> to_number(std::string_view text) {
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, number, 16);
    if (failure != std::errc() || rest != end) {
        return std::nullopt;
    }
    return number;
}

std::string_view take_until(std::string_view& text, char separator) {
    const std::size_t end = text.find(separator);
    const std::string_view part = text.substr(0, end);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    return part;
}

}  // namespace skiff::gdb
