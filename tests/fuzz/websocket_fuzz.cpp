// SPDX-License-Identifier: Apache-2.0
// What clients of the console send, in portions of the first byte's size: messages keep to their
// bounds, and what is kept of a stream does too.
#include <string>

#include "base/utf8.h"
#include "fuzz_target.h"
#include "vmm/api/http/websocket_frames.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using skiff::api::WebSocketMessage;
    using skiff::api::WebSocketReader;
    if (size == 0) {
        return 0;
    }
    const std::size_t portion = data[0] % 64U + 1;
    const std::string bytes(data + 1, data + size);
    WebSocketReader reader;
    std::string waiting;
    for (std::size_t at = 0; at < bytes.size(); at += portion) {
        waiting += bytes.substr(at, portion);
        while (true) {
            std::size_t used = 0;
            const auto message = reader.next(waiting, used);
            if (used > waiting.size()) {
                __builtin_trap();
            }
            waiting.erase(0, used);
            if (!message.has_value()) {
                break;
            }
            const bool is_text = message->kind == WebSocketMessage::Kind::kText;
            if (message->payload.size() > WebSocketReader::kMaxMessageBytes ||
                (is_text && !skiff::is_utf8(message->payload))) {
                __builtin_trap();
            }
            static_cast<void>(skiff::api::websocket_frame(message->kind, message->payload));
        }
        if (reader.failure().has_value()) {
            return 0;
        }
        if (waiting.size() > WebSocketReader::kMaxMessageBytes + 14 + portion) {
            __builtin_trap();
        }
    }
    return 0;
}
