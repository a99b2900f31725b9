// SPDX-License-Identifier: Apache-2.0
#include "virtio/disk.h"

#include "runtime/console.h"
#include "runtime/page_pool.h"
#include "virtio/interrupt.h"

namespace payload::virtio {
namespace {

constexpr std::uint8_t kNoStatusYet = 0xff;

std::uint64_t address_of(const volatile void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

}  // namespace

bool Disk::start(unsigned number, const Options& options) {
    options_ = options;
    if (!Device::find(kBlockDevice, number, device_)) {
        print("no such block device\n");
        return false;
    }
    if (options.by_interrupt) {
        enable_interrupt(device_);
    }
    return bring_up();
}

bool Disk::bring_up() {
    if (!device_.negotiate(kFeatureVersion1, options_.features)) {
        print("the device does not accept its own features\n");
        return false;
    }
    const unsigned there = device_.has(block::kMultiQueue)
                               ? device_.config<std::uint16_t>(block::config::kNumQueues)
                               : 1;
    queue_count_ = options_.queues < there ? options_.queues : there;
    if (!set_up_queues()) {
        return false;
    }
    device_.set_driver_ok();
    return true;
}

bool Disk::set_up_queues() {
    for (unsigned i = 0; i < queue_count_; ++i) {
        if (slots_[i] == nullptr) {
            const std::uint64_t pages = sizeof(Slot) * Ring::kMaxSize / kPageSize;
            slots_[i] = reinterpret_cast<Slot*>(allocate_pages(pages));
        }
        if (slots_[i] == nullptr ||
            !queues_[i].set_up(device_, static_cast<std::uint16_t>(i), options_.queue_size)) {
            print("queue ", std::uint64_t{i}, " cannot be set up\n");
            return false;
        }
    }
    return true;
}

bool Disk::submit(unsigned queue, const Request& request, std::uint16_t& head) {
    Slot& slot = slots_[queue][queues_[queue].next_head()];
    Buffer buffers[Queue::kMaxBuffers];
    unsigned count = 0;
    buffers[count++] = {address_of(&slot.header), sizeof(slot.header), false};
    for (unsigned i = 0; i < request.parts && i < kMaxParts; ++i) {
        buffers[count++] = request.data[i];
    }
    buffers[count++] = {address_of(&slot.status), 1, true};
    slot.header = {.type = request.type, .reserved = 0, .sector = request.sector};
    slot.status = kNoStatusYet;
    return options_.indirect ? queues_[queue].submit_indirect(buffers, count, head)
                             : queues_[queue].submit(buffers, count, head);
}

std::uint8_t Disk::status_of(unsigned queue, std::uint16_t head) const {
    return slots_[queue][head].status;
}

void Disk::publish(unsigned queue) {
    if (options_.by_interrupt) {
        queues_[queue].arm_interrupt();
    }
    queues_[queue].publish();
}

bool Disk::wait(unsigned queue, Completion& completion) {
    Queue& from = queues_[queue];
    if (!options_.by_interrupt) {
        return from.wait(completion);
    }
    // One interrupt may stand for many requests: look, arm, look again, and only then sleep.
    return from.poll(completion) || (from.arm_interrupt() && from.poll(completion)) ||
           sleep_until_used(from, completion);
}

Disk::Result Disk::run(unsigned queue, const Request& request) {
    std::uint16_t head = 0;
    Completion completion = {};
    if (!submit(queue, request, head)) {
        return {};
    }
    publish(queue);
    const bool came = options_.by_interrupt ? sleep_until_used(queues_[queue], completion)
                                            : queues_[queue].wait(completion);
    if (!came || completion.head != head) {
        return {};
    }
    return {true, status_of(queue, head), completion.length};
}

}  // namespace payload::virtio
