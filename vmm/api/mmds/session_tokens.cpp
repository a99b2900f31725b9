// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/mmds/session_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/check.h"
#include "base/random.h"

namespace skiff::api {

std::string SessionTokens::make(std::chrono::seconds lifetime, Clock::time_point now) {
    SKIFF_CHECK(lifetime >= kMinLifetime && lifetime <= kMaxLifetime);
    std::erase_if(tokens_, [now](const Token& token) { return token.end <= now; });
    if (tokens_.size() == kMaxTokens) {
        tokens_.erase(std::min_element(
            tokens_.begin(), tokens_.end(),
            [](const Token& one, const Token& other) { return one.end < other.end; }));
    }
    std::array<std::uint8_t, 24> secret{};
    fill_random(secret);
    tokens_.push_back({fmt::format("{:02x}", fmt::join(secret, "")), now + lifetime});
    return tokens_.back().text;
}

bool SessionTokens::is_valid(std::string_view token, Clock::time_point now) const {
    return std::any_of(tokens_.begin(), tokens_.end(),
                       [&](const Token& known) { return known.end > now && known.text == token; });
}

}  // namespace skiff::api
