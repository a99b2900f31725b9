// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/http/websocket_handshake.h"

#include <strings.h>

#include <algorithm>
#include <cctype>
#include <utility>

#include "base/sha1.h"
#include "vmm/api/resources/write_resources.h"

namespace skiff::api {
namespace {

constexpr std::string_view kVersion = "13";
constexpr std::string_view kGuid = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455, 1.3
// RFC 4648, 4.
constexpr std::string_view kBase64 =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::size_t kKeyCharacters = 24;  // 16 bytes

std::string_view trimmed(std::string_view text) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t"), text.size());
    text.remove_prefix(begin);
    const std::size_t end = text.find_last_not_of(" \t");
    return text.substr(0, end == std::string_view::npos ? 0 : end + 1);
}

/// Whether a header is a list with this word in it, in any case.
bool has_word(const HttpRequest& request, std::string_view header, std::string_view word) {
    const std::string* const value = request.header(header);
    std::string_view rest = value == nullptr ? std::string_view() : *value;
    while (!rest.empty()) {
        const std::size_t comma = std::min(rest.find(','), rest.size());
        const std::string_view item = trimmed(rest.substr(0, comma));
        if (item.size() == word.size() &&
            ::strncasecmp(item.data(), word.data(), word.size()) == 0) {
            return true;
        }
        rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
    return false;
}

/// 16 bytes in base64.
bool is_key(std::string_view key) {
    constexpr std::string_view kPadding = "==";
    return key.size() == kKeyCharacters && key.ends_with(kPadding) &&
           key.substr(0, kKeyCharacters - kPadding.size()).find_first_not_of(kBase64) ==
               std::string_view::npos;
}

HttpAnswer fault(unsigned status, const HttpRequest& request, std::string_view message) {
    HttpAnswer answer;
    answer.status = status;
    answer.body = fault_json(message, request.path, "");
    return answer;
}

}  // namespace

std::string websocket_accept(std::string_view key) {
    const auto digest = sha1(std::string(key) + std::string(kGuid));
    std::string text;
    for (std::size_t i = 0; i < digest.size(); i += 3) {
        const auto byte = [&](std::size_t at) { return at < digest.size() ? digest.at(at) : 0U; };
        const unsigned group = (byte(i) << 16) | (byte(i + 1) << 8) | byte(i + 2);
        for (int shift = 18; shift >= 0; shift -= 6) {
            text += kBase64[(group >> shift) & 63];
        }
    }
    text.back() = '=';  // 20 bytes are two more than a multiple of three
    return text;
}

HttpAnswer websocket_answer(const HttpRequest& request, std::shared_ptr<HttpStream> stream) {
    const std::string* const key = request.header("Sec-WebSocket-Key");
    if (!has_word(request, "Upgrade", "websocket") || !has_word(request, "Connection", "upgrade") ||
        !has_word(request, "Sec-WebSocket-Version", kVersion)) {
        HttpAnswer answer =
            fault(426, request, "this is a WebSocket, of version 13: upgrade to it");
        answer.headers = {{.name = "Upgrade", .value = "websocket"},
                          {.name = "Sec-WebSocket-Version", .value = std::string(kVersion)}};
        return answer;
    }
    if (key == nullptr || !is_key(trimmed(*key))) {
        return fault(400, request, "Sec-WebSocket-Key must be 16 bytes in base64");
    }
    HttpAnswer answer;
    answer.status = 101;
    answer.headers = {{.name = "Upgrade", .value = "websocket"},
                      {.name = "Sec-WebSocket-Accept", .value = websocket_accept(trimmed(*key))}};
    answer.stream = std::move(stream);
    return answer;
}

}  // namespace skiff::api
