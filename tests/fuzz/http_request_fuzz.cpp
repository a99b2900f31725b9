// SPDX-License-Identifier: Apache-2.0
// What API clients send, in portions of the first byte's size: the parser uses bytes or asks for
// more, keeps to its limits, and each request has a path.
#include <algorithm>
#include <string>

#include "fuzz_target.h"
#include "vmm/api/http/http_parser.h"

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using skiff::api::HttpParser;
    if (size == 0) {
        return 0;
    }
    constexpr HttpParser::Limits kLimits{.header_bytes = 512, .body_bytes = 256};
    HttpParser parser(kLimits);
    const std::size_t portion = data[0] % 64U + 1;
    const std::string bytes(data + 1, data + size);
    std::string waiting;
    for (std::size_t at = 0; at < bytes.size(); at += portion) {
        waiting += bytes.substr(at, portion);
        std::size_t used = 0;
        do {
            const HttpParser::State state = parser.put(waiting, used);
            waiting.erase(0, used);
            if (state == HttpParser::State::kFailed) {
                return 0;
            }
            static_cast<void>(parser.wants_continue());
            if (state == HttpParser::State::kComplete &&
                parser.take().body.size() > kLimits.body_bytes) {
                __builtin_trap();
            }
        } while (used != 0 && !waiting.empty());
        if (waiting.size() > kLimits.header_bytes + portion) {
            __builtin_trap();
        }
    }
    return 0;
}
