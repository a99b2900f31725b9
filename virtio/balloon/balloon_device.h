// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>

#include "base/event_counter.h"
#include "base/guest_memory.h"
#include "virtio/balloon/balloon_options.h"
#include "virtio/balloon/balloon_registers.h"
#include "virtio/balloon/free_page_hints.h"
#include "virtio/device.h"

namespace skiff::virtio::balloon {

/// What a balloon has done since it was made.
struct BalloonCounters {
    EventCounter inflated_bytes;  ///< Given back by inflating.
    EventCounter deflated_pages;  ///< That the driver took out again.
    EventCounter reported_bytes;  ///< Given back by free page reporting.
    EventCounter hinted_bytes;    ///< That the driver told in runs of free page hints.
    EventCounter refused_pages;   ///< That are no RAM, or that the host kept.
};

/// The values of the last answer, by tag; what the driver does not tell is not there.
using BalloonStatistics = std::array<std::optional<std::uint64_t>, kStatTags>;

/// The last answer, and when it came; no time where none did.
struct StatisticsAnswer {
    BalloonStatistics values;
    std::optional<std::chrono::steady_clock::time_point> time;
};

/// The memory balloon (VIRTIO 1.2, 5.5): takes memory from the guest, and gives it to the host.
///
/// Nothing is remembered of which pages are in the balloon: a page that was given back simply costs
/// memory again when it is touched, so that a driver which lies harms only itself.
class BalloonDevice final : public Device {
  public:
    /// `memory` and `host` outlive the device.
    BalloonDevice(const BalloonOptions& options, GuestMemory& memory, DeviceHost& host);

    DeviceType type() const override { return DeviceType::kBalloon; }
    std::uint64_t offered_features() const override;
    bool accepts_features(std::uint64_t features) const override;
    std::span<const std::uint16_t> queue_max_sizes() const override;
    std::size_t config_bytes() const override { return sizeof(Config); }
    void read_config(std::uint64_t offset, std::span<std::uint8_t> data) override;
    void write_config(std::uint64_t offset, std::span<const std::uint8_t> data) override;
    void features_chosen(std::uint64_t features) override;
    std::unique_ptr<QueueHandler> start_queue(std::size_t index,
                                              const QueueContext& context) override;
    void reset() override;

    /// Asks the driver for a balloon of this size, rounded down to pages. Any thread.
    void set_size(std::uint64_t size_bytes);
    /// The size that was asked for last. Any thread.
    std::uint64_t target_bytes() const;
    /// How large the driver says that the balloon is. Any thread.
    std::uint64_t actual_bytes() const;
    /// How often the driver is asked for its statistics from now on; what is waited for already is
    /// not called off. Not zero, and only where the device began with statistics. Any thread.
    void set_stats_interval(std::chrono::milliseconds interval) {
        stats_interval_ms_.store(interval.count(), std::memory_order_relaxed);
    }
    /// Its own calls say which thread.
    FreePageHints& hints() { return hints_; }
    const FreePageHints& hints() const { return hints_; }

    const BalloonCounters& counters() const { return counters_; }
    /// What the driver told last. Any thread.
    StatisticsAnswer statistics() const;

    // For the queues, on their loop.
    GuestMemory& memory() { return memory_; }
    BalloonCounters& counters() { return counters_; }
    /// Whether the driver wants reported pages to keep a content other than zero.
    bool pages_keep_poison() const { return poison_accepted_.load() && poison_val_.load() != 0; }
    std::chrono::milliseconds stats_interval() const {
        return std::chrono::milliseconds(stats_interval_ms_.load(std::memory_order_relaxed));
    }
    void set_statistics(const StatisticsAnswer& statistics);

  private:
    const BalloonOptions options_;
    GuestMemory& memory_;
    DeviceHost& host_;
    BalloonCounters counters_;
    FreePageHints hints_;
    std::atomic<std::chrono::milliseconds::rep> stats_interval_ms_;
    std::atomic<std::uint32_t> num_pages_;
    std::atomic<std::uint32_t> actual_{0};
    std::atomic<std::uint32_t> poison_val_{0};
    std::atomic<bool> poison_accepted_{false};
    mutable std::mutex statistics_mutex_;
    StatisticsAnswer statistics_;  // guarded by statistics_mutex_
};

}  // namespace skiff::virtio::balloon
