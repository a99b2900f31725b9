// SPDX-License-Identifier: Apache-2.0
#include "base/token_bucket.h"

#include <algorithm>
#include <cmath>

#include "base/check.h"

namespace skiff {
namespace {

using Seconds = std::chrono::duration<double>;

// So that a wait always fits its type, and a timer never sleeps through a change of the machine.
constexpr TokenBucket::Duration kLongestWait = std::chrono::hours(1);

}  // namespace

TokenBucket::TokenBucket(const Rate& rate, Time now)
    : rate_(static_cast<double>(rate.tokens_per_second)),
      burst_(std::max(1.0, rate_ * Seconds(rate.burst).count())),
      level_(burst_),
      filled_at_(now) {
    SKIFF_CHECK(rate.tokens_per_second != 0);
}

void TokenBucket::refill(Time now) {
    if (now > filled_at_) {
        level_ = std::min(burst_, level_ + rate_ * Seconds(now - filled_at_).count());
        filled_at_ = now;
    }
}

TokenBucket::Duration TokenBucket::wait_for(std::uint64_t cost, Time now) {
    refill(now);
    const double needed = std::min(static_cast<double>(cost), burst_);
    // Half a token is a rounding error, not a reason to sleep.
    if (level_ + 0.5 >= needed) {
        return Duration::zero();
    }
    const double nanoseconds = std::ceil((needed - level_) / rate_ * 1e9);
    if (nanoseconds >= static_cast<double>(kLongestWait.count())) {
        return kLongestWait;
    }
    return Duration(static_cast<Duration::rep>(nanoseconds));
}

void TokenBucket::take(std::uint64_t cost) {
    level_ -= static_cast<double>(cost);
}

}  // namespace skiff
