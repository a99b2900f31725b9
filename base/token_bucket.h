// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace skiff {

/// A rate limit that is exact over time: tokens (bytes, operations) come in at a constant rate and
/// are collected up to a size; what is done takes as many as it costs.
///
/// What costs more than the size may begin when the bucket is full, and leaves a debt that later
/// users wait for: so nothing is too large to be done, and the rate still holds.
///
/// The caller passes the time, from one steady clock. Not thread-safe.
class TokenBucket {
  public:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;
    using Duration = std::chrono::nanoseconds;

    struct Rate {
        std::uint64_t size = 0;            ///< The most tokens that are collected. Not 0.
        Duration refill_time{0};           ///< In which so many come in. Not 0.
        std::uint64_t one_time_burst = 0;  ///< Tokens on top, that never come back.

        /// So many a second, collected for about a tenth of a second: long enough to make up for a
        /// thread that is woken late, short enough not to blur the rate. `tokens` is not 0.
        static Rate per_second(std::uint64_t tokens);
        bool operator==(const Rate&) const = default;
    };

    /// Begins full.
    TokenBucket(const Rate& rate, Time now);

    /// How long until `cost` tokens can be taken; zero where they can be now.
    Duration wait_for(std::uint64_t cost, Time now);

    /// Takes them; after wait_for() gave zero for the same cost and time.
    void take(std::uint64_t cost);

  private:
    void refill(Time now);

    double rate_;   // tokens a second
    double size_;   // tokens
    double level_;  // tokens; below 0 is debt
    double extra_;  // tokens of the one-time burst that are left
    Time filled_at_;
};

}  // namespace skiff
