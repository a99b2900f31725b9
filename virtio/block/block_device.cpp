// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/block_device.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <limits>
#include <numeric>
#include <utility>

#include "base/log.h"
#include "base/units.h"
#include "virtio/block/block_queue.h"

namespace skiff::virtio::block {
namespace {

bool wants_writeback(const DiskOptions& options) {
    return options.cache == DiskOptions::Cache::kWriteback;
}

std::string_view describe(std::uint32_t type) {
    switch (type) {
        case VIRTIO_BLK_T_IN:
            return "a read";
        case VIRTIO_BLK_T_OUT:
            return "a write";
        case VIRTIO_BLK_T_FLUSH:
            return "a flush";
        case VIRTIO_BLK_T_DISCARD:
            return "a discard";
        default:
            return "writing zeroes";
    }
}

template <typename Number>
Number saturated(std::uint64_t value) {
    return static_cast<Number>(std::min<std::uint64_t>(value, std::numeric_limits<Number>::max()));
}

}  // namespace

Result<DiskFile> BlockDevice::open(const DiskOptions& options) {
    SKIFF_ASSIGN_OR_RETURN(DiskFile file, DiskFile::open(options));
    if (options.engine == DiskOptions::Engine::kUring) {
        if (const auto engine = make_uring_engine(file, 1); !engine.ok()) {
            return engine.error().with_context(
                fmt::format("disk '{}': engine=uring", options.path));
        }
    }
    return file;
}

BlockDevice::BlockDevice(DiskFile file, const DiskOptions& options, DeviceHost& host)
    : file_(std::move(file)),
      options_(options),
      host_(host),
      queue_sizes_(options.queues, kQueueSize),
      limits_(options.limits),
      capacity_sectors_(file_.size_now().value_or(0) / kSectorBytes),
      writeback_(wants_writeback(options)),
      counters_(options.queues) {
    std::copy_n(options.serial.begin(), std::min(options.serial.size(), id_.size()), id_.begin());
}

BlockDevice::~BlockDevice() {
    if (size_loop_ != nullptr) {
        size_loop_->remove(size_watch_id_);
    }
}

/// Opens size_watch_ on the file.
Result<void> BlockDevice::watch_path() {
    UniqueFd watch(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
    // Whoever resizes a file has it open for writing and closes it in the end. What we write
    // ourselves must not wake us: so not IN_MODIFY.
    if (!watch.valid() ||
        ::inotify_add_watch(watch.get(), file_.path().c_str(), IN_CLOSE_WRITE) < 0) {
        return Error::host(errno, fmt::format("cannot watch the size of disk '{}'", file_.path()));
    }
    size_watch_ = std::move(watch);
    return {};
}

Result<void> BlockDevice::replace_file(const std::string& path) {
    if (!file_.is_at(path)) {
        DiskOptions options = options_;
        options.path = path;
        SKIFF_ASSIGN_OR_RETURN(DiskFile file, open(options));
        SKIFF_RETURN_IF_ERROR(file_.replace_by(std::move(file)));
        if (size_loop_ != nullptr) {
            EventLoop& loop = *std::exchange(size_loop_, nullptr);
            loop.remove(size_watch_id_);
            SKIFF_RETURN_IF_ERROR(watch_size(loop));
        }
    }
    look_at_size();
    return {};
}

Result<void> BlockDevice::watch_size(EventLoop& loop) {
    SKIFF_RETURN_IF_ERROR(watch_path());
    SKIFF_ASSIGN_OR_RETURN(size_watch_id_, loop.add(size_watch_.get(), EPOLLIN, [this](auto) {
        std::array<char, 4096> events{};
        while (::read(size_watch_.get(), events.data(), events.size()) > 0) {
        }
        look_at_size();
    }));
    size_loop_ = &loop;
    return {};
}

void BlockDevice::look_at_size() {
    const auto size = file_.size_now();
    if (!size.has_value() || *size / kSectorBytes == capacity_sectors_.load()) {
        return;
    }
    std::uint64_t before = 0;
    std::uint64_t after = 0;
    host_.change_config([&] {
        // Once more: of two loops that see a change, the last one must have the newest size.
        after = file_.size_now().value_or(*size) / kSectorBytes;
        before = capacity_sectors_.exchange(after);
    });
    if (before != after && log_limit_.allow()) {
        log::info("disk '{}' has {} now, it had {}", file_.path(),
                  format_size(after * kSectorBytes), format_size(before * kSectorBytes));
    }
}

bool BlockDevice::look_at_size_sometimes() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec < next_look_seconds_.load(std::memory_order_relaxed)) {
        return false;
    }
    next_look_seconds_.store(now.tv_sec + 1, std::memory_order_relaxed);
    look_at_size();
    return true;
}

std::uint64_t BlockDevice::offered_features() const {
    std::uint64_t features = VIRTIO_BLK_F_SEG_MAX | VIRTIO_BLK_F_BLK_SIZE | VIRTIO_BLK_F_TOPOLOGY |
                             VIRTIO_BLK_F_FLUSH | VIRTIO_BLK_F_CONFIG_WCE;
    if (options_.queues > 1) {
        features |= VIRTIO_BLK_F_MQ;
    }
    if (file_.read_only()) {
        return features | VIRTIO_BLK_F_RO;
    }
    features |= VIRTIO_BLK_F_WRITE_ZEROES;
    return may_unmap() ? features | VIRTIO_BLK_F_DISCARD : features;
}

BlockConfig BlockDevice::config() const {
    const DiskGeometry& geometry = file_.geometry();
    const std::uint32_t block = geometry.block_bytes;
    BlockConfig config{};
    config.capacity = capacity_sectors();
    // A request is a header, so many buffers, and a status.
    config.seg_max = kQueueSize - 2;
    config.blk_size = block;
    config.physical_block_exp =
        static_cast<std::uint8_t>(std::countr_zero(geometry.physical_block_bytes / block));
    config.alignment_offset = saturated<std::uint8_t>(geometry.alignment_offset_bytes / block);
    config.min_io_size = saturated<std::uint16_t>(geometry.minimum_io_bytes / block);
    config.opt_io_size = geometry.optimal_io_bytes / block;
    config.writeback = writeback_.load() ? 1 : 0;
    config.num_queues = static_cast<std::uint16_t>(options_.queues);
    if (!file_.read_only()) {
        const std::uint32_t physical_sectors =
            std::max<std::uint32_t>(1, geometry.physical_block_bytes / kSectorBytes);
        if (may_unmap()) {
            config.max_discard_sectors = kMaxRangeSectors;
            config.max_discard_seg = kMaxRanges;
            config.discard_sector_alignment = physical_sectors;
        }
        config.max_write_zeroes_sectors = kMaxRangeSectors;
        config.max_write_zeroes_seg = kMaxRanges;
        config.write_zeroes_may_unmap = may_unmap() ? 1 : 0;
    }
    return config;
}

void BlockDevice::read_config(std::uint64_t offset, std::span<std::uint8_t> data) {
    const BlockConfig whole = config();
    std::array<std::uint8_t, sizeof whole> bytes{};
    std::memcpy(bytes.data(), &whole, sizeof whole);
    for (std::size_t i = 0; i < data.size(); ++i) {
        data[i] = offset + i < kBlockConfigBytes ? bytes.at(offset + i) : 0;
    }
}

void BlockDevice::write_config(std::uint64_t offset, std::span<const std::uint8_t> data) {
    const bool is_writeback = offset == offsetof(BlockConfig, writeback) && data.size() == 1;
    // The user's cache=writethrough stands, whatever the driver would like.
    if (is_writeback && wce_is_the_drivers_.load() && wants_writeback(options_)) {
        writeback_.store(data.front() != 0);
    }
}

void BlockDevice::features_chosen(std::uint64_t features) {
    // 5.2.5.2: a driver that does not flush must get a write-through cache.
    writeback_.store(wants_writeback(options_) && (features & VIRTIO_BLK_F_FLUSH) != 0);
    wce_is_the_drivers_.store((features & VIRTIO_BLK_F_CONFIG_WCE) != 0);
}

void BlockDevice::reset() {
    writeback_.store(wants_writeback(options_));
    wce_is_the_drivers_.store(false);
}

std::unique_ptr<QueueHandler> BlockDevice::start_queue(std::size_t index,
                                                       const QueueContext& context) {
    return std::make_unique<BlockQueue>(*this, counters_.at(index), context);
}

std::unique_ptr<IoEngine> BlockDevice::make_engine(unsigned depth) {
    if (options_.engine == DiskOptions::Engine::kSync) {
        return make_sync_engine(file_);
    }
    auto engine = make_uring_engine(file_, depth);
    if (engine.ok()) {
        return std::move(engine).value();
    }
    if (!fallback_was_told_.exchange(true)) {
        log::warning("disk '{}': {}: requests are done one after the other (engine=sync)",
                     file_.path(), engine.error().message());
    }
    return make_sync_engine(file_);
}

DiskRules BlockDevice::rules(std::uint64_t features) const {
    return {.capacity_sectors = capacity_sectors_.load(std::memory_order_relaxed),
            .features = features,
            .read_only = file_.read_only(),
            .writeback = writeback_.load(std::memory_order_relaxed),
            .may_unmap = may_unmap()};
}

void BlockDevice::report_error(const BlockRequest& request, int error) {
    look_at_size();
    if (log_limit_.allow()) {
        const IoOperation* const operation = request.operation();
        const std::string message =
            Error::host(error, fmt::format("disk '{}': {} of {} bytes at {:#x}", file_.path(),
                                           describe(request.type()), operation->length_bytes,
                                           operation->offset_bytes))
                .message();
        log::warning("{}", message);
        host_.report(DeviceNews::kHostError, message);
    }
}

}  // namespace skiff::virtio::block
