// SPDX-License-Identifier: Apache-2.0
#include "virtio/balloon/balloon_device.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "virtio/balloon/balloon_queues.h"

namespace skiff::virtio::balloon {
namespace {

constexpr std::uint16_t kQueueSize = 128;
constexpr std::array<std::uint16_t, 5> kQueueSizes = {kQueueSize, kQueueSize, kQueueSize,
                                                      kQueueSize, kQueueSize};

std::uint32_t pages_of(std::uint64_t bytes) {
    return static_cast<std::uint32_t>(
        std::min<std::uint64_t>(bytes / kPageBytes, std::numeric_limits<std::uint32_t>::max()));
}

}  // namespace

BalloonDevice::BalloonDevice(const BalloonOptions& options, GuestMemory& memory, DeviceHost& host)
    : options_(options),
      memory_(memory),
      host_(host),
      hints_(host),
      stats_interval_ms_(options.stats_interval.count()),
      num_pages_(pages_of(options.size_bytes)) {}

std::uint64_t BalloonDevice::offered_features() const {
    // Statistics and hints are offered in any case, so that the numbers of the queues behind theirs
    // do not depend on who counts them (balloon_registers.h).
    std::uint64_t features = VIRTIO_BALLOON_F_STATS_VQ | VIRTIO_BALLOON_F_FREE_PAGE_HINT;
    if (options_.deflate_on_oom) {
        features |= VIRTIO_BALLOON_F_DEFLATE_ON_OOM;
    }
    if (options_.free_page_reporting) {
        features |= VIRTIO_BALLOON_F_PAGE_REPORTING | VIRTIO_BALLOON_F_PAGE_POISON;
    }
    return features;
}

bool BalloonDevice::accepts_features(std::uint64_t features) const {
    // A driver that leaves one of them out might count its queues either way.
    constexpr std::uint64_t kBefore = VIRTIO_BALLOON_F_STATS_VQ | VIRTIO_BALLOON_F_FREE_PAGE_HINT;
    return (features & VIRTIO_BALLOON_F_PAGE_REPORTING) == 0 || (features & kBefore) == kBefore;
}

std::span<const std::uint16_t> BalloonDevice::queue_max_sizes() const {
    return std::span(kQueueSizes)
        .first(options_.free_page_reporting ? kReportingQueue + 1 : kReportingQueue);
}

void BalloonDevice::read_config(std::uint64_t offset, std::span<std::uint8_t> data) {
    const Config config{.num_pages = num_pages_.load(),
                        .actual = actual_.load(),
                        .free_page_hint_cmd_id = hints_.command_id(),
                        .poison_val = poison_val_.load()};
    read_config_bytes(config, offset, data);
}

void BalloonDevice::write_config(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (data.size() != sizeof(std::uint32_t)) {
        return;  // 4.2.2.2: a driver writes fields as wide as they are
    }
    std::uint32_t value = 0;
    std::memcpy(&value, data.data(), sizeof value);
    if (offset == offsetof(Config, actual)) {
        if (actual_.exchange(value) != value) {
            host_.report(DeviceNews::kBalloonSize, {});
        }
    } else if (offset == offsetof(Config, poison_val)) {
        poison_val_ = value;
    }
}

void BalloonDevice::features_chosen(std::uint64_t features) {
    hints_.set_accepted((features & VIRTIO_BALLOON_F_FREE_PAGE_HINT) != 0);
    poison_accepted_ = (features & VIRTIO_BALLOON_F_PAGE_POISON) != 0;
}

std::unique_ptr<QueueHandler> BalloonDevice::start_queue(std::size_t index,
                                                         const QueueContext& context) {
    switch (index) {
        case kInflateQueue:
            return make_inflate_queue(*this, context);
        case kDeflateQueue:
            return make_deflate_queue(*this, context);
        case kStatsQueue:
            return make_stats_queue(*this, context);
        case kFreePageQueue:
            return make_hint_queue(*this, context);
        default:
            return make_reporting_queue(*this, context);
    }
}

void BalloonDevice::reset() {
    if (actual_.exchange(0) != 0) {
        host_.report(DeviceNews::kBalloonSize, {});
    }
    poison_val_ = 0;
    poison_accepted_ = false;
    hints_.reset();
    set_statistics({});
}

void BalloonDevice::set_size(std::uint64_t size_bytes) {
    host_.change_config([this, size_bytes] { num_pages_ = pages_of(size_bytes); });
}

std::uint64_t BalloonDevice::target_bytes() const {
    return num_pages_.load() * kPageBytes;
}

std::uint64_t BalloonDevice::actual_bytes() const {
    return actual_.load() * kPageBytes;
}

void BalloonDevice::set_statistics(const StatisticsAnswer& statistics) {
    const std::lock_guard lock(statistics_mutex_);
    statistics_ = statistics;
}

StatisticsAnswer BalloonDevice::statistics() const {
    const std::lock_guard lock(statistics_mutex_);
    return statistics_;
}

}  // namespace skiff::virtio::balloon
