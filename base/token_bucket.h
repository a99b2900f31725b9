// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>

namespace skiff {

/// A rate limit that is exact over time: tokens (bytes, operations) come in at a constant rate and
/// are collected up to a burst; what is done takes as many as it costs.
///
/// What costs more than the burst may begin when the bucket is full, and leaves a debt that later
/// users wait for: so nothing is too large to be done, and the rate still holds.
///
/// The caller passes the time, from one steady clock. Not thread-safe.
class TokenBucket {
  public:
    using Clock = std::chrono::steady_clock;
    using Time = Clock::time_point;
    using Duration = std::chrono::nanoseconds;

    struct Rate {
        std::uint64_t tokens_per_second = 0;  ///< Not 0.
        /// How long tokens are collected for while nobody takes them. Long enough to make up for a
        /// thread that is woken late, short enough not to blur the rate.
        Duration burst = std::chrono::milliseconds(100);
    };

    /// Begins full.
    TokenBucket(const Rate& rate, Time now);

    /// How long until `cost` tokens can be taken; zero where they can be now.
    Duration wait_for(std::uint64_t cost, Time now);

    /// Takes them; after wait_for() gave zero for the same cost and time.
    void take(std::uint64_t cost);

    std::uint64_t tokens_per_second() const { return static_cast<std::uint64_t>(rate_); }

  private:
    void refill(Time now);

    double rate_;   // tokens a second
    double burst_;  // tokens
    double level_;  // tokens; below 0 is debt
    Time filled_at_;
};

}  // namespace skiff
