// SPDX-License-Identifier: Apache-2.0
#include "base/rate_limiter.h"

#include <algorithm>

namespace skiff {
namespace {

using std::chrono::nanoseconds;

// Waking for every request costs more than the request: what comes in meanwhile is done at once
// then. Nothing is lost, as buckets are usually much larger.
constexpr nanoseconds kLeastWait = std::chrono::milliseconds(1);

std::optional<TokenBucket> bucket_of(const std::optional<TokenBucket::Rate>& rate,
                                     RateLimiter::Time now) {
    return rate.has_value() ? std::optional<TokenBucket>(std::in_place, *rate, now) : std::nullopt;
}

}  // namespace

RateLimiter::RateLimiter(const RateLimits& limits, Time now) {
    set(limits, now);
}

nanoseconds RateLimiter::wait_locked(std::uint64_t bytes, Time now) {
    auto wait = nanoseconds::zero();
    if (bytes_.has_value()) {
        wait = bytes_->wait_for(bytes, now);
    }
    if (operations_.has_value()) {
        wait = std::max(wait, operations_->wait_for(1, now));
    }
    return wait.count() == 0 ? wait : std::clamp<nanoseconds>(wait, kLeastWait, kLongestWait);
}

void RateLimiter::charge_locked(std::uint64_t bytes) {
    if (bytes_.has_value()) {
        bytes_->take(bytes);
    }
    if (operations_.has_value()) {
        operations_->take(1);
    }
}

nanoseconds RateLimiter::take(std::uint64_t bytes, Time now) {
    const std::lock_guard lock(mutex_);
    const nanoseconds wait = wait_locked(bytes, now);
    if (wait.count() == 0) {
        charge_locked(bytes);
    }
    return wait;
}

nanoseconds RateLimiter::wait(Time now) {
    const std::lock_guard lock(mutex_);
    return wait_locked(1, now);
}

void RateLimiter::charge(std::uint64_t bytes) {
    const std::lock_guard lock(mutex_);
    charge_locked(bytes);
}

void RateLimiter::set(const RateLimits& limits, Time now) {
    const std::lock_guard lock(mutex_);
    bytes_ = bucket_of(limits.bytes, now);
    operations_ = bucket_of(limits.operations, now);
    any_.store(bytes_.has_value() || operations_.has_value(), std::memory_order_relaxed);
}

}  // namespace skiff
