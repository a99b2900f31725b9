// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/token_bucket.h"

namespace skiff {

/// Limits on what is transferred; without one, it is free.
struct RateLimits {
    std::optional<TokenBucket::Rate> bytes;
    std::optional<TokenBucket::Rate> operations;

    bool operator==(const RateLimits&) const = default;
};

/// What all queues of a device, or of one direction of it, may do together. Any thread.
///
/// No wait is longer than kLongestWait: whoever waits asks again then, and so comes to know that
/// the limits have changed.
class RateLimiter {
  public:
    using Time = TokenBucket::Time;
    static constexpr std::chrono::milliseconds kLongestWait{200};

    explicit RateLimiter(const RateLimits& limits, Time now = TokenBucket::Clock::now());

    /// Whether there is a limit at all.
    bool any() const { return any_.load(std::memory_order_relaxed); }

    /// Takes one operation that transfers `bytes`, where both limits let it: zero then. Else takes
    /// nothing and says how long to wait before the next try.
    std::chrono::nanoseconds take(std::uint64_t bytes, Time now = TokenBucket::Clock::now());

    /// For what does not know its size before it is done: how long until it may begin; zero where
    /// it may now. charge() then leaves a debt that the next one waits for.
    std::chrono::nanoseconds wait(Time now = TokenBucket::Clock::now());
    /// One operation of so many bytes was done.
    void charge(std::uint64_t bytes);

    /// New limits, with full buckets.
    void set(const RateLimits& limits, Time now = TokenBucket::Clock::now());

  private:
    std::chrono::nanoseconds wait_locked(std::uint64_t bytes, Time now);
    void charge_locked(std::uint64_t bytes);

    std::atomic<bool> any_{false};
    std::mutex mutex_;
    std::optional<TokenBucket> bytes_;       // guarded by mutex_
    std::optional<TokenBucket> operations_;  // guarded by mutex_
};

}  // namespace skiff
