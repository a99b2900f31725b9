// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/token_bucket.h"
#include "virtio/block/disk_options.h"

namespace skiff::virtio::block {

/// What all queues of a disk together may do: bytes and operations a second. Any thread.
class DiskLimits {
  public:
    using Time = TokenBucket::Time;

    explicit DiskLimits(const DiskOptions& options, Time now = TokenBucket::Clock::now());

    bool any() const { return any_; }

    /// Takes one operation that transfers `bytes`, where both limits let it: zero then. Else takes
    /// nothing and says how long to wait before the next try.
    std::chrono::nanoseconds take(std::uint64_t bytes, Time now = TokenBucket::Clock::now());

  private:
    bool any_;
    std::mutex mutex_;
    std::optional<TokenBucket> bytes_;       // guarded by mutex_
    std::optional<TokenBucket> operations_;  // guarded by mutex_
};

}  // namespace skiff::virtio::block
