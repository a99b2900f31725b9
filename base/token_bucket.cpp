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

TokenBucket::Rate TokenBucket::Rate::per_second(std::uint64_t tokens) {
    SKIFF_CHECK(tokens != 0);
    const std::uint64_t size = std::max<std::uint64_t>(1, tokens / 10);
    const Seconds time(static_cast<double>(size) / static_cast<double>(tokens));
    return {.size = size,
            .refill_time = std::max(Duration(1), std::chrono::round<Duration>(time)),
            .one_time_burst = 0};
}

TokenBucket::TokenBucket(const Rate& rate, Time now)
    : rate_(static_cast<double>(rate.size) / Seconds(rate.refill_time).count()),
      size_(static_cast<double>(rate.size)),
      level_(size_),
      extra_(static_cast<double>(rate.one_time_burst)),
      filled_at_(now) {
    SKIFF_CHECK(rate.size != 0 && rate.refill_time.count() > 0);
}

void TokenBucket::refill(Time now) {
    if (now > filled_at_) {
        level_ = std::min(size_, level_ + rate_ * Seconds(now - filled_at_).count());
        filled_at_ = now;
    }
}

TokenBucket::Duration TokenBucket::wait_for(std::uint64_t cost, Time now) {
    refill(now);
    const double needed = std::min(static_cast<double>(cost) - extra_, size_);
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
    const double from_extra = std::min(extra_, static_cast<double>(cost));
    extra_ -= from_extra;
    level_ -= static_cast<double>(cost) - from_extra;
}

}  // namespace skiff
