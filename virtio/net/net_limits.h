// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/token_bucket.h"

namespace skiff::virtio::net {

/// What all queues of one direction together may transfer a second. Any thread.
class NetLimit {
  public:
    explicit NetLimit(std::optional<std::uint64_t> bytes_per_second,
                      TokenBucket::Time now = TokenBucket::Clock::now()) {
        if (bytes_per_second.has_value()) {
            bucket_.emplace(TokenBucket::Rate{.tokens_per_second = *bytes_per_second}, now);
        }
    }

    bool any() const { return bucket_.has_value(); }

    /// How long until the next frame may pass; zero where it may now. How large it is can be
    /// unknown: take() leaves a debt that the next one waits for.
    std::chrono::nanoseconds wait(TokenBucket::Time now = TokenBucket::Clock::now()) {
        const std::lock_guard lock(mutex_);
        return bucket_->wait_for(1, now);
    }
    void take(std::uint64_t bytes) {
        const std::lock_guard lock(mutex_);
        bucket_->take(bytes);
    }

  private:
    std::mutex mutex_;
    std::optional<TokenBucket> bucket_;  // there or not from the start; guarded by mutex_
};

}  // namespace skiff::virtio::net
