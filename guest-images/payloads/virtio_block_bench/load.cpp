// SPDX-License-Identifier: Apache-2.0
#include "virtio_block_bench/load.h"

#include "runtime/page_pool.h"
#include "runtime/patience.h"
#include "virtio/disk_pattern.h"

namespace payload::bench {

namespace block = virtio::block;

bool Load::set_up(virtio::Disk& disk, const Plan& plan) {
    disk_ = &disk;
    plan_ = plan;
    blocks_ = disk.capacity() * block::kSectorSize / plan.block_size;
    order_ = BlockOrder(blocks_);
    buffers_ = allocate_pages((plan.block_size * plan.depth + kPageSize - 1) / kPageSize);
    return buffers_ != 0 && blocks_ >= 2;
}

std::uint64_t Load::next_offset() {
    if (plan_.operation != Operation::kSequentialRead) {
        return order_.next() * plan_.block_size;
    }
    next_block_ = next_block_ + 1 < blocks_ ? next_block_ + 1 : 0;
    return next_block_ * plan_.block_size;
}

bool Load::submit(std::uint64_t buffer) {
    const std::uint64_t offset = next_offset();
    if (is_write()) {
        fill_pattern(buffer, plan_.block_size, offset, plan_.written_seed);
    }
    const virtio::Buffer data = {buffer, static_cast<std::uint32_t>(plan_.block_size), !is_write()};
    std::uint16_t head = 0;
    if (!disk_->submit(0,
                       {.type = is_write() ? block::kOut : block::kIn,
                        .sector = offset / block::kSectorSize,
                        .data = &data,
                        .parts = 1},
                       head)) {
        outcome_.fault = Fault::kNoRoom;
        return false;
    }
    in_flight_[head] = {buffer, offset, read_tsc()};
    disk_->queue(0).publish();
    return true;
}

bool Load::finish(const virtio::Completion& completion, std::uint64_t now) {
    const InFlight& request = in_flight_[completion.head];
    latencies_.add(now - request.submitted_at);
    ++outcome_.requests;
    const std::uint8_t status = disk_->status_of(0, completion.head);
    if (status != block::kStatusOk) {
        outcome_.fault = Fault::kStatus;
        outcome_.fault_at = status;
        return false;
    }
    if (is_write() || has_pattern(request.buffer, plan_.block_size, request.offset, plan_.seed)) {
        return true;
    }
    outcome_.fault = Fault::kContent;
    outcome_.fault_at = request.offset + first_difference(request.buffer, plan_.block_size,
                                                          request.offset, plan_.seed);
    return false;
}

Load::Outcome Load::run(std::uint64_t cycles, std::uint64_t count) {
    virtio::Queue& queue = disk_->queue(0);
    outcome_ = {};
    latencies_.clear();
    const std::uint64_t notifications = queue.notifications();
    const std::uint64_t begin = read_tsc();
    std::uint64_t last_progress = begin;
    std::uint64_t submitted = 0;
    while (submitted < plan_.depth && submit(buffers_ + submitted * plan_.block_size)) {
        ++submitted;
    }
    bool goes_on = true;
    while (outcome_.requests < submitted && outcome_.fault == Fault::kNone) {
        virtio::Completion completion = {};
        const std::uint64_t now = read_tsc();
        goes_on = goes_on && (count == 0 ? now - begin < cycles : submitted < count);
        if (now - last_progress > kPatienceCycles) {
            outcome_.fault = Fault::kNotUsed;
        }
        while (queue.poll(completion)) {
            last_progress = read_tsc();
            const std::uint64_t buffer = in_flight_[completion.head].buffer;
            if (!finish(completion, last_progress)) {
                break;
            }
            if (goes_on && submit(buffer)) {
                ++submitted;
            }
        }
    }
    outcome_.cycles = read_tsc() - begin;
    outcome_.notifications = queue.notifications() - notifications;
    return outcome_;
}

}  // namespace payload::bench
