// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/rate_limiter.h"
#include "virtio/device.h"

namespace skiff::virtio {

/// The entropy device (VIRTIO 1.2, 5.4): one queue, whose buffers are filled from the host's
/// getrandom(2). No features, no configuration space.
///
/// A request gets at most kMaxBytesPerRequest (5.4.6.1 lets a device give less than was asked for),
/// and all together at most what the limits let through, so that a guest cannot make the host spend
/// its time on random numbers.
class RngDevice final : public Device {
  public:
    static constexpr std::uint64_t kDefaultBytesPerSecond = 4 * 1024 * 1024;
    static RateLimits default_limits() {
        return {.bytes = TokenBucket::Rate::per_second(kDefaultBytesPerSecond), .operations = {}};
    }
    static constexpr std::uint32_t kMaxBytesPerRequest = 16 * 1024;

    explicit RngDevice(const RateLimits& limits = default_limits()) : limiter_(limits) {}

    DeviceType type() const override { return DeviceType::kEntropy; }
    std::uint64_t offered_features() const override { return 0; }
    std::span<const std::uint16_t> queue_max_sizes() const override;
    std::unique_ptr<QueueHandler> start_queue(std::size_t index,
                                              const QueueContext& context) override;

  private:
    // Of the device, not of its queue: a reset does not fill the bucket.
    RateLimiter limiter_;
};

}  // namespace skiff::virtio
