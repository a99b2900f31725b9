// SPDX-License-Identifier: Apache-2.0
#include "virtio/rng/rng_device.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/loop_timer.h"

namespace skiff::virtio {
namespace {

constexpr std::array<std::uint16_t, 1> kQueueSizes = {64};

/// Fills the first bytes of the chain's writable part; how many it were. The kernel writes to guest
/// memory itself, so that memory which is gone is a short answer and not a fault of ours.
std::uint32_t fill(const DescriptorChain& chain) {
    std::uint32_t filled = 0;
    for (const iovec& buffer : chain.writable()) {
        const std::size_t wanted =
            std::min<std::size_t>(buffer.iov_len, RngDevice::kMaxBytesPerRequest - filled);
        const ssize_t got = wanted == 0 ? 0 : ::getrandom(buffer.iov_base, wanted, 0);
        if (got <= 0) {
            break;
        }
        filled += static_cast<std::uint32_t>(got);
    }
    return filled;
}

class RngQueue final : public QueueHandler {
  public:
    RngQueue(const QueueContext& context, RateLimiter& limiter)
        : queue_(context.queue), limiter_(limiter), timer_(context.loop, context.resume) {}

    Progress process() override {
        while (next_.has_value() || pop()) {
            const std::uint64_t cost =
                std::min<std::uint64_t>(next_->writable_bytes(), RngDevice::kMaxBytesPerRequest);
            const auto wait = limiter_.take(cost);
            // Without a timer to be had, better no limits than no entropy.
            if (wait.count() > 0 && timer_.start(wait)) {
                return Progress::kBlocked;
            }
            const std::uint32_t filled = fill(*next_);
            queue_.complete(*std::exchange(next_, std::nullopt), filled);
        }
        return Progress::kDrained;
    }

    void stop() override {
        timer_.stop();
        if (next_.has_value()) {
            queue_.abandon(*std::exchange(next_, std::nullopt));
        }
    }

  private:
    bool pop() {
        next_ = queue_.pop();
        if (next_.has_value() && next_->writable_bytes() == 0) {
            queue_.refuse(*std::exchange(next_, std::nullopt));
        }
        return next_.has_value();
    }

    Virtqueue& queue_;
    RateLimiter& limiter_;
    LoopTimer timer_;
    std::optional<DescriptorChain> next_;  // waits for the limit
};

}  // namespace

std::span<const std::uint16_t> RngDevice::queue_max_sizes() const {
    return kQueueSizes;
}

std::unique_ptr<QueueHandler> RngDevice::start_queue(std::size_t /*index*/,
                                                     const QueueContext& context) {
    return std::make_unique<RngQueue>(context, limiter_);
}

}  // namespace skiff::virtio
