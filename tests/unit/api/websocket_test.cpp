// SPDX-License-Identifier: Apache-2.0
#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "vmm/api/http/websocket_frames.h"
#include "vmm/api/http/websocket_handshake.h"

namespace skiff::api {
namespace {

using Kind = WebSocketMessage::Kind;

constexpr std::string_view kMask = "\x11\x22\x33\x44";

/// A frame of a client, with any first byte, and any second one but for the length.
std::string frame(unsigned first, std::string_view payload, unsigned second = 0x80) {
    std::string bytes;
    bytes += static_cast<char>(first);
    if (payload.size() < 126) {
        bytes += static_cast<char>(second | payload.size());
    } else if (payload.size() < 0x10000) {
        bytes += static_cast<char>(second | 126);
        bytes += static_cast<char>(payload.size() >> 8);
        bytes += static_cast<char>(payload.size() & 0xff);
    } else {
        bytes += static_cast<char>(second | 127);
        for (int shift = 56; shift >= 0; shift -= 8) {
            bytes += static_cast<char>(payload.size() >> shift);
        }
    }
    bytes += kMask;
    for (std::size_t i = 0; i < payload.size(); ++i) {
        bytes += static_cast<char>(payload[i] ^ kMask[i % 4]);
    }
    return bytes;
}

struct Read {
    std::vector<WebSocketMessage> messages;
    std::uint16_t failure = 0;
    std::size_t unused = 0;
};

Read read(const std::string& bytes, std::size_t portion = std::string::npos) {
    WebSocketReader reader;
    Read result;
    std::string waiting;
    for (std::size_t at = 0; at < bytes.size();) {
        waiting += bytes.substr(at, portion);
        at += std::min(portion, bytes.size() - at);
        std::size_t used = 0;
        do {
            auto message = reader.next(waiting, used);
            waiting.erase(0, used);
            if (message.has_value()) {
                result.messages.push_back(std::move(*message));
            }
        } while (used != 0 && !reader.failure().has_value());
    }
    result.failure = reader.failure().has_value() ? reader.failure()->code : std::uint16_t{0};
    result.unused = waiting.size();
    return result;
}

TEST_CASE("Messages are unmasked, in whatever portions they come") {
    const std::string large(60'000, 'x');
    const std::string bytes = frame(0x81, "text \xc3\xa9") + frame(0x82, std::string("\0\xff", 2)) +
                              frame(0x89, "ping") + frame(0x82, "") + frame(0x82, large);
    for (const std::size_t portion : {std::size_t{1}, std::size_t{7}, std::string::npos}) {
        const Read got = read(bytes, portion);
        REQUIRE(got.messages.size() == 5);
        CHECK(got.failure == 0);
        CHECK(got.unused == 0);
        CHECK(got.messages[0].kind == Kind::kText);
        CHECK(got.messages[0].payload == "text \xc3\xa9");
        CHECK(got.messages[1].kind == Kind::kBinary);
        CHECK(got.messages[1].payload == std::string("\0\xff", 2));
        CHECK(got.messages[2].kind == Kind::kPing);
        CHECK(got.messages[3].payload.empty());
        CHECK(got.messages[4].payload == large);
    }
}

TEST_CASE("Fragments make a message, with control frames between them") {
    // A character whose bytes are in two fragments.
    const Read got = read(frame(0x01, "a\xc3") + frame(0x89, "p") + frame(0x00, "") +
                          frame(0x80, "\xa9") + frame(0x82, "next"));
    REQUIRE(got.messages.size() == 3);
    CHECK(got.messages[0].kind == Kind::kPing);
    CHECK(got.messages[1].kind == Kind::kText);
    CHECK(got.messages[1].payload == "a\xc3\xa9");
    CHECK(got.messages[2].payload == "next");
}

TEST_CASE("What RFC 6455 forbids a client ends the connection with the right code") {
    const std::string limit(WebSocketReader::kMaxMessageBytes, 'x');
    struct Case {
        const char* what;
        std::string bytes;
        std::uint16_t code;
    };
    const std::string long_form = std::string("\x82\xfe\x00\x05", 4) + std::string(kMask) + "12345";
    const std::string longer_form =
        std::string("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff", 10) + std::string(kMask);
    const std::string endless =
        std::string("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x00", 10) + std::string(kMask);
    const Case cases[] = {
        {"reserved bit", frame(0xc2, "x"), 1002},
        {"unmasked", frame(0x82, "x", 0), 1002},
        {"unknown data opcode", frame(0x83, "x"), 1002},
        {"unknown control opcode", frame(0x8b, "x"), 1002},
        {"fragmented control", frame(0x09, "x"), 1002},
        {"large control", frame(0x89, std::string(126, 'x')), 1002},
        {"continuation of nothing", frame(0x80, "x"), 1002},
        {"message inside of a message", frame(0x02, "x") + frame(0x82, "y"), 1002},
        {"length not minimal", long_form, 1002},
        {"64-bit length not minimal", longer_form, 1002},
        {"64-bit length with its top bit", endless, 1009},
        {"too large", frame(0x82, limit + "x"), 1009},
        {"too large in fragments", frame(0x02, limit) + frame(0x80, "x"), 1009},
        {"text that is no UTF-8", frame(0x81, "\xff"), 1007},
        {"UTF-8 that is cut", frame(0x01, "\xc3") + frame(0x80, ""), 1007},
        {"close of one byte", frame(0x88, "x"), 1002},
        {"close code that is reserved", frame(0x88, "\x03\xed"), 1002},
        {"close code below all", frame(0x88, std::string("\0\x01", 2)), 1002},
        {"close reason that is no UTF-8", frame(0x88, "\x03\xe8\xff"), 1007},
    };
    for (const Case& one : cases) {
        INFO(one.what);
        CHECK(read(one.bytes).failure == one.code);
        CHECK(read(one.bytes, 1).failure == one.code);
    }
    CHECK(read(frame(0x82, limit)).failure == 0);
    CHECK(read(frame(0x88, "\x03\xe8 bye")).messages.at(0).kind == Kind::kClose);
    CHECK(read(frame(0x88, "")).failure == 0);
}

TEST_CASE("A server's frames are whole, not masked, and as short as they can be") {
    CHECK(websocket_frame(Kind::kBinary, "ab") ==
          "\x82\x02"
          "ab");
    CHECK(websocket_frame(Kind::kText, std::string(126, 'x')).substr(0, 5) ==
          std::string("\x81\x7e\x00\x7ex", 5));
    CHECK(websocket_frame(Kind::kPong, "").size() == 2);
    CHECK(websocket_frame(Kind::kBinary, std::string(65'536, 'x')).substr(0, 10) ==
          std::string("\x82\x7f\0\0\0\0\0\x01\0\0", 10));
    const std::string close = websocket_close(1000, std::string(500, 'y'));
    CHECK(close.size() == 2 + 125);
    CHECK(close.substr(0, 4) == "\x88\x7d\x03\xe8");
}

TEST_CASE("The handshake is RFC 6455's, and what is none is told") {
    CHECK(websocket_accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    HttpRequest request{.method = "GET", .path = "/v1/console", .body = {}};
    const auto set = [&](const std::string& connection, const std::string& upgrade,
                         const std::string& version, const std::string& key) {
        request.headers = {{"connection", connection},
                           {"upgrade", upgrade},
                           {"sec-websocket-version", version},
                           {"sec-websocket-key", key}};
        return websocket_answer(request, nullptr);
    };
    const std::string key = "dGhlIHNhbXBsZSBub25jZQ==";
    CHECK(set("keep-alive, Upgrade", "WebSocket", "13", key).status == 101);
    CHECK(http_text(set("upgrade", "websocket", "13", key), true) ==
          "HTTP/1.1 101 Switching Protocols\r\nServer: skiff\r\nConnection: Upgrade\r\n"
          "Upgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n");
    CHECK(set("keep-alive", "websocket", "13", key).status == 426);
    CHECK(set("upgrade", "h2c", "13", key).status == 426);
    CHECK_THAT(http_text(set("upgrade", "websocket", "8", key), true),
               Catch::StartsWith("HTTP/1.1 426 ") && Catch::Contains("Sec-WebSocket-Version: 13") &&
                   Catch::Contains("Connection: keep-alive, Upgrade"));
    for (const std::string& wrong :
         {std::string(), key.substr(1), key + "=", std::string("!GhlIHNhbXBsZSBub25jZQ==")}) {
        CHECK(set("upgrade", "websocket", "13", wrong).status == 400);
    }
}

}  // namespace
}  // namespace skiff::api
