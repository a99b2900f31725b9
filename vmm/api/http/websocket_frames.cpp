// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/http/websocket_frames.h"

#include <algorithm>

#include "base/utf8.h"

namespace skiff::api {
namespace {

using Kind = WebSocketMessage::Kind;

// RFC 6455, 5.2: the first two bytes of a frame.
constexpr std::uint8_t kFin = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kMask = 0x80;
constexpr std::uint8_t kLength = 0x7f;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

constexpr std::uint8_t kContinuation = 0x0;
constexpr std::uint8_t kText = 0x1;
constexpr std::uint8_t kBinary = 0x2;
constexpr std::uint8_t kFirstControl = 0x8;
constexpr std::uint8_t kClose = 0x8;
constexpr std::uint8_t kPing = 0x9;
constexpr std::uint8_t kPong = 0xa;

constexpr std::size_t kMaskBytes = 4;
constexpr std::size_t kMaxControlBytes = 125;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

std::uint64_t big_endian(std::string_view bytes) {
    std::uint64_t value = 0;
    for (const char byte : bytes) {
        value = (value << 8) | static_cast<std::uint8_t>(byte);
    }
    return value;
}

void append_big_endian(std::string& to, std::uint64_t value, int bytes) {
    for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8) {
        to += static_cast<char>(value >> shift);
    }
}

std::uint8_t opcode_of(Kind kind) {
    switch (kind) {
        case Kind::kText:
            return kText;
        case Kind::kBinary:
            return kBinary;
        case Kind::kClose:
            return kClose;
        case Kind::kPing:
            return kPing;
        case Kind::kPong:
            break;
    }
    return kPong;
}

std::optional<Kind> kind_of(std::uint8_t opcode) {
    for (const Kind kind : {Kind::kText, Kind::kBinary, Kind::kClose, Kind::kPing, Kind::kPong}) {
        if (opcode_of(kind) == opcode) {
            return kind;
        }
    }
    return std::nullopt;
}

/// RFC 6455, 7.4: those that may be sent.
bool is_close_code(std::uint64_t code) {
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1011) ||
           (code >= 3000 && code <= 4999);
}

}  // namespace

struct WebSocketReader::Header {
    bool is_last = false;
    std::uint8_t opcode = 0;
    std::size_t header_bytes = 0;
    std::uint64_t payload_bytes = 0;
    std::string_view mask;

    bool is_control() const { return opcode >= kFirstControl; }
};

std::optional<WebSocketMessage> WebSocketReader::fail(std::uint16_t code, std::string_view reason) {
    failure_ = {.code = code, .reason = reason};
    return std::nullopt;
}

/// Nothing where it has not come as a whole, or is none.
std::optional<WebSocketReader::Header> WebSocketReader::read_header(std::string_view bytes) {
    if (bytes.size() < 2) {
        return std::nullopt;
    }
    const std::uint8_t length = byte_at(bytes, 1) & kLength;
    const std::size_t extended = length == kLength16 ? 2 : length == kLength64 ? 8 : 0;
    Header header{.is_last = (byte_at(bytes, 0) & kFin) != 0,
                  .opcode = static_cast<std::uint8_t>(byte_at(bytes, 0) & kOpcode),
                  .header_bytes = 2 + extended + kMaskBytes,
                  .payload_bytes = length,
                  .mask = {}};
    if ((byte_at(bytes, 0) & kReserved) != 0) {
        fail(kCloseProtocolError, "a reserved bit is set");
    } else if ((byte_at(bytes, 1) & kMask) == 0) {
        fail(kCloseProtocolError, "a client's frame must be masked");
    } else if (header.opcode != kContinuation && !kind_of(header.opcode).has_value()) {
        fail(kCloseProtocolError, "an unknown opcode");
    } else if (header.is_control() && (!header.is_last || length > kMaxControlBytes)) {
        fail(kCloseProtocolError, "a control frame in fragments, or too large");
    } else if (!header.is_control() && fragments_.has_value() != (header.opcode == kContinuation)) {
        fail(kCloseProtocolError, "fragments out of order");
    }
    if (failure_.has_value() || bytes.size() < header.header_bytes) {
        return std::nullopt;
    }
    if (extended != 0) {
        header.payload_bytes = big_endian(bytes.substr(2, extended));
        // 5.2: the shortest form.
        if (header.payload_bytes < (extended == 2 ? kLength16 : std::uint64_t{0x1'0000})) {
            fail(kCloseProtocolError, "a length that is longer than it needs to be");
            return std::nullopt;
        }
    }
    header.mask = bytes.substr(2 + extended, kMaskBytes);
    return header;
}

std::optional<WebSocketMessage> WebSocketReader::next(std::string_view bytes, std::size_t& used) {
    used = 0;
    while (!failure_.has_value()) {
        const std::string_view rest = bytes.substr(used);
        const std::optional<Header> header = read_header(rest);
        if (!header.has_value()) {
            return std::nullopt;
        }
        const std::size_t before = fragments_.has_value() ? fragments_->payload.size() : 0;
        if (header->payload_bytes > kMaxMessageBytes - (header->is_control() ? 0 : before)) {
            return fail(kCloseTooBig, "a message is larger than 64 KiB");
        }
        if (rest.size() - header->header_bytes < header->payload_bytes) {
            return std::nullopt;
        }
        std::string payload(rest.substr(header->header_bytes, header->payload_bytes));
        for (std::size_t i = 0; i < payload.size(); ++i) {
            payload[i] = static_cast<char>(payload[i] ^ header->mask[i % kMaskBytes]);
        }
        used += header->header_bytes + payload.size();
        if (auto message = take(*header, std::move(payload))) {
            return message;
        }
    }
    return std::nullopt;
}

/// Nothing where it is a fragment, and more follow; or where it failed.
std::optional<WebSocketMessage> WebSocketReader::take(const Header& header, std::string payload) {
    if (header.is_control()) {
        WebSocketMessage message{.kind = *kind_of(header.opcode), .payload = std::move(payload)};
        const bool has_code = message.payload.size() >= 2;
        if (message.kind == Kind::kClose && !message.payload.empty() &&
            (!has_code || !is_close_code(big_endian(message.payload.substr(0, 2))))) {
            return fail(kCloseProtocolError, "a close code that may not be sent");
        }
        if (message.kind == Kind::kClose && has_code && !is_utf8(message.payload.substr(2))) {
            return fail(kCloseNotUtf8, "a reason that is no UTF-8");
        }
        return message;
    }
    if (!fragments_.has_value()) {
        fragments_ = WebSocketMessage{.kind = *kind_of(header.opcode), .payload = {}};
    }
    fragments_->payload += payload;
    if (!header.is_last) {
        return std::nullopt;
    }
    WebSocketMessage message = std::move(*fragments_);
    fragments_.reset();
    if (message.kind == Kind::kText && !is_utf8(message.payload)) {
        return fail(kCloseNotUtf8, "a text that is no UTF-8");
    }
    return message;
}

std::string websocket_frame(Kind kind, std::string_view payload) {
    std::string frame;
    frame += static_cast<char>(kFin | opcode_of(kind));
    if (payload.size() < kLength16) {
        frame += static_cast<char>(payload.size());
    } else if (payload.size() < 0x1'0000) {
        frame += static_cast<char>(kLength16);
        append_big_endian(frame, payload.size(), 2);
    } else {
        frame += static_cast<char>(kLength64);
        append_big_endian(frame, payload.size(), 8);
    }
    frame += payload;
    return frame;
}

std::string websocket_close(std::uint16_t code, std::string_view reason) {
    std::string payload;
    append_big_endian(payload, code, 2);
    payload += reason.substr(0, kMaxControlBytes - 2);
    return websocket_frame(Kind::kClose, payload);
}

}  // namespace skiff::api
