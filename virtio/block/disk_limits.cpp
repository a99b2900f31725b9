// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/disk_limits.h"

#include <algorithm>

namespace skiff::virtio::block {
namespace {

// Waking for every request costs more than the request: what comes in meanwhile is done at once
// then. Nothing is lost, as the burst is much longer.
constexpr std::chrono::milliseconds kLeastWait{1};

}  // namespace

DiskLimits::DiskLimits(const DiskOptions& options, Time now)
    : any_(options.bytes_per_second.has_value() || options.operations_per_second.has_value()) {
    if (options.bytes_per_second.has_value()) {
        bytes_.emplace(TokenBucket::Rate{.tokens_per_second = *options.bytes_per_second}, now);
    }
    if (options.operations_per_second.has_value()) {
        operations_.emplace(TokenBucket::Rate{.tokens_per_second = *options.operations_per_second},
                            now);
    }
}

std::chrono::nanoseconds DiskLimits::take(std::uint64_t bytes, Time now) {
    const std::lock_guard lock(mutex_);
    auto wait = std::chrono::nanoseconds::zero();
    if (bytes_.has_value()) {
        wait = bytes_->wait_for(bytes, now);
    }
    if (operations_.has_value()) {
        wait = std::max(wait, operations_->wait_for(1, now));
    }
    if (wait.count() == 0) {
        if (bytes_.has_value()) {
            bytes_->take(bytes);
        }
        if (operations_.has_value()) {
            operations_->take(1);
        }
    }
    return wait.count() == 0 ? wait : std::max<std::chrono::nanoseconds>(wait, kLeastWait);
}

}  // namespace skiff::virtio::block
