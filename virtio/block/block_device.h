// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/event_counter.h"
#include "base/event_loop.h"
#include "base/log_limit.h"
#include "base/result.h"
#include "virtio/block/block_registers.h"
#include "virtio/block/block_request.h"
#include "virtio/block/disk_file.h"
#include "virtio/block/disk_options.h"
#include "virtio/block/io_engine.h"
#include "virtio/device.h"

namespace skiff::virtio::block {

using DiskCounter = EventCounter;

/// What one queue of a disk did since the disk was made.
struct alignas(64) DiskCounters {
    DiskCounter reads;
    DiskCounter read_bytes;
    DiskCounter writes;
    DiskCounter written_bytes;
    DiskCounter flushes;
    DiskCounter range_changes;  ///< DISCARD and WRITE_ZEROES.
    DiskCounter errors;         ///< Requests that were not answered with OK.
};

/// The virtio block device (VIRTIO 1.2, 5.2): one disk, whose content is a DiskFile. What all its
/// queues share; each running queue is a BlockQueue.
class BlockDevice final : public Device {
  public:
    static constexpr std::uint16_t kQueueSize = 256;

    /// Opens the file for `options` and makes sure that what they ask of the host is there.
    static Result<DiskFile> open(const DiskOptions& options);

    /// `file` is from open() with the same options. `host` outlives the device.
    BlockDevice(DiskFile file, const DiskOptions& options, DeviceHost& host);
    ~BlockDevice() override;

    /// Notices at once, as far as the host tells, when somebody resizes the file. On the loop's
    /// thread or before it runs; `loop` outlives the device or ends before it.
    Result<void> watch_size(EventLoop& loop);

    /// Puts another file behind the disk, which the driver is told of where its size differs. The
    /// same file once more only has its size looked at. On the thread that all queues' loops are
    /// on, of which there must be one.
    Result<void> replace_file(const std::string& path);

    DeviceType type() const override { return DeviceType::kBlock; }
    std::uint64_t offered_features() const override;
    std::span<const std::uint16_t> queue_max_sizes() const override { return queue_sizes_; }
    std::size_t loop_group(std::size_t queue) const override { return queue; }
    std::size_t config_bytes() const override { return kBlockConfigBytes; }
    void read_config(std::uint64_t offset, std::span<std::uint8_t> data) override;
    void write_config(std::uint64_t offset, std::span<const std::uint8_t> data) override;
    void features_chosen(std::uint64_t features) override;
    std::unique_ptr<QueueHandler> start_queue(std::size_t index,
                                              const QueueContext& context) override;
    void reset() override;

    const DiskFile& file() const { return file_; }
    std::uint64_t capacity_sectors() const { return capacity_sectors_.load(); }
    const DiskCounters& counters(std::size_t queue) const { return counters_.at(queue); }

    // For BlockQueue, on any loop.
    std::unique_ptr<IoEngine> make_engine(unsigned depth);
    DiskRules rules(std::uint64_t features) const;
    RateLimiter& limits() { return limits_; }
    std::span<const std::uint8_t> id() const { return id_; }
    /// Tells the driver when the host's file has another size now: one call of the host.
    void look_at_size();
    /// The same, once a second while the disk is used; true where it did. This finds what
    /// watch_size() is not told of: a truncate(2) without opening, a block device that grew.
    bool look_at_size_sometimes();
    /// The host failed a request: one line, unless there were many.
    void report_error(const BlockRequest& request, int error);

  private:
    BlockConfig config() const;
    Result<void> watch_path();
    bool may_unmap() const { return options_.discard && file_.can_discard(); }

    DiskFile file_;
    DiskOptions options_;
    DeviceHost& host_;
    std::vector<std::uint16_t> queue_sizes_;
    std::array<std::uint8_t, kDeviceIdBytes> id_{};
    RateLimiter limits_;
    std::atomic<std::uint64_t> capacity_sectors_;
    std::atomic<bool> writeback_;
    std::atomic<bool> wce_is_the_drivers_{false};
    std::atomic<std::int64_t> next_look_seconds_{0};
    std::atomic<bool> fallback_was_told_{false};
    std::vector<DiskCounters> counters_;  // by queue
    log::Limit log_limit_;
    UniqueFd size_watch_;
    EventLoop* size_loop_ = nullptr;
    EventLoop::Id size_watch_id_ = 0;
};

}  // namespace skiff::virtio::block
