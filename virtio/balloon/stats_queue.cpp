// SPDX-License-Identifier: Apache-2.0
#include <optional>
#include <utility>

#include "base/loop_timer.h"
#include "virtio/balloon/balloon_device.h"
#include "virtio/balloon/balloon_queues.h"

namespace skiff::virtio::balloon {
namespace {

// More than all tags that there are, should a driver tell some twice.
constexpr unsigned kMostStats = 4 * kStatTags;

/// 5.5.6.3: the driver's buffer is kept, and given back when new statistics are wanted.
class StatsQueue final : public QueueHandler {
  public:
    StatsQueue(BalloonDevice& device, const QueueContext& context)
        : device_(device), queue_(context.queue), timer_(context.loop, [this] { ask(); }) {}

    Progress process() override {
        while (auto chain = queue_.pop()) {
            if (held_.has_value()) {
                queue_.refuse(std::move(*chain));  // at most one at a time
                break;
            }
            device_.set_statistics(
                {.values = read(*chain), .time = std::chrono::steady_clock::now()});
            held_.emplace(std::move(*chain));
            if (device_.stats_interval().count() != 0) {
                static_cast<void>(timer_.start(device_.stats_interval()));
            }
        }
        return Progress::kDrained;
    }

    void stop() override {
        timer_.stop();
        if (held_.has_value()) {
            queue_.abandon(*std::exchange(held_, std::nullopt));
        }
    }

  private:
    static BalloonStatistics read(DescriptorChain& chain) {
        BalloonStatistics statistics;
        for (unsigned i = 0; i < kMostStats; ++i) {
            const auto stat = chain.read<Stat>();
            if (!stat.has_value()) {
                break;
            }
            const std::uint16_t tag = stat->tag;  // copies: the struct is packed
            const std::uint64_t value = stat->val;
            if (tag < statistics.size()) {
                statistics.at(tag) = value;
            }
        }
        return statistics;
    }

    void ask() {
        if (held_.has_value()) {
            queue_.complete(*std::exchange(held_, std::nullopt), 0);
            queue_.flush();
        }
    }

    BalloonDevice& device_;
    Virtqueue& queue_;
    LoopTimer timer_;
    std::optional<DescriptorChain> held_;
};

}  // namespace

std::unique_ptr<QueueHandler> make_stats_queue(BalloonDevice& device, const QueueContext& context) {
    return std::make_unique<StatsQueue>(device, context);
}

}  // namespace skiff::virtio::balloon
