// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace skiff::api {

/// The tokens of a guest's sessions: random, and good for a time. At most kMaxTokens at once: one
/// more takes the place of the one that would have ended the soonest.
class SessionTokens {
  public:
    using Clock = std::chrono::steady_clock;
    static constexpr std::size_t kMaxTokens = 1024;
    static constexpr std::chrono::seconds kMinLifetime{1};
    static constexpr std::chrono::seconds kMaxLifetime{21'600};

    /// A new one. `lifetime` from kMinLifetime to kMaxLifetime.
    std::string make(std::chrono::seconds lifetime, Clock::time_point now);
    bool is_valid(std::string_view token, Clock::time_point now) const;

  private:
    struct Token {
        std::string text;
        Clock::time_point end;
    };
    std::vector<Token> tokens_;
};

}  // namespace skiff::api
