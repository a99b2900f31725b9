// SPDX-License-Identifier: Apache-2.0
#include "virtio_balloon/balloon.h"

#include "runtime/page_pool.h"
#include "virtio_balloon/pages.h"

namespace payload {
namespace {

namespace registers = virtio::balloon;
using virtio::Buffer;

constexpr std::uint64_t kListPages = 256;
constexpr std::uint64_t kBlockPages = 512;
constexpr unsigned kBlocksAtATime = virtio::Queue::kMaxBuffers;
constexpr std::uint64_t kStatisticsOffset = 2048;

constexpr std::uint64_t kFeatures = registers::kStatsQueue | registers::kDeflateOnOom |
                                    registers::kFreePageHint | registers::kReporting |
                                    virtio::kFeatureEventIdx;

}  // namespace

bool Balloon::start(std::uint64_t area_pages) {
    page_ = allocate_pages(1);
    area_pages_ = area_pages;
    area_ = allocate_pages(area_pages + kBlockPages);
    if (page_ == 0 || area_ == 0 || !virtio::Device::find(virtio::kBalloonDevice, 0, device_) ||
        !device_.negotiate(virtio::kFeatureVersion1, kFeatures)) {
        return false;
    }
    const std::uint64_t block = kBlockPages * kPageSize;
    area_ = (area_ + block - 1) / block * block;
    for (std::uint16_t i = 0; i < registers::kQueues; ++i) {
        const bool is_there = i != registers::kReports || device_.has(registers::kReporting);
        if (is_there && !queues_[i].set_up(device_, i, virtio::Ring::kMaxSize)) {
            return false;
        }
    }
    device_.set_driver_ok();
    return true;
}

bool Balloon::send(unsigned queue, const Buffer* buffers, unsigned count) {
    std::uint16_t head = 0;
    if (!queues_[queue].submit(buffers, count, head)) {
        return false;
    }
    queues_[queue].publish();
    virtio::Completion completion = {};
    return queues_[queue].wait(completion) && completion.head == head;
}

bool Balloon::send_lists(unsigned queue, std::uint64_t first, std::uint64_t count) {
    while (count != 0) {
        const std::uint64_t now = count < kListPages ? count : kListPages;
        pages::list(page_, area_ / kPageSize + first, now);
        const Buffer list = {page_, static_cast<std::uint32_t>(4 * now), false};
        if (!send(queue, &list, 1)) {
            return false;
        }
        first += now;
        count -= now;
    }
    return true;
}

bool Balloon::send_blocks(unsigned queue, std::uint64_t first, std::uint64_t count) {
    while (count != 0) {
        Buffer blocks[kBlocksAtATime];
        unsigned filled = 0;
        while (filled < kBlocksAtATime && count != 0) {
            const std::uint64_t now = count < kBlockPages ? count : kBlockPages;
            blocks[filled++] = {area_ + first * kPageSize,
                                static_cast<std::uint32_t>(now * kPageSize), true};
            first += now;
            count -= now;
        }
        if (!send(queue, blocks, filled)) {
            return false;
        }
    }
    return true;
}

bool Balloon::send_hint_command(std::uint32_t command) {
    store<std::uint32_t>(page_, command);
    const Buffer buffer = {page_, sizeof command, false};
    return send(registers::kHints, &buffer, 1);
}

bool Balloon::give_statistics(std::uint64_t free, std::uint64_t total) {
    const std::uint64_t at = page_ + kStatisticsOffset;
    store<std::uint16_t>(at, registers::kFreeMemory);
    store<std::uint64_t>(at + 2, free);
    store<std::uint16_t>(at + registers::kStatisticSize, registers::kTotalMemory);
    store<std::uint64_t>(at + registers::kStatisticSize + 2, total);
    const Buffer buffer = {at, 2 * registers::kStatisticSize, false};
    std::uint16_t head = 0;
    if (!queues_[registers::kStats].submit(&buffer, 1, head)) {
        return false;
    }
    queues_[registers::kStats].publish();
    return true;
}

bool Balloon::await_statistics_buffer() {
    virtio::Completion completion = {};
    return queues_[registers::kStats].wait(completion);
}

}  // namespace payload
