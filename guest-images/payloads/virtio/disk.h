// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/block_registers.h"
#include "virtio/queue.h"

namespace payload::virtio {

/// A block device in a driver's hands: header, data and status of each request around a Queue.
class Disk {
  public:
    static constexpr unsigned kMaxQueues = 8;
    static constexpr unsigned kMaxParts = Queue::kMaxBuffers - 2;
    /// The features that this driver can use.
    static constexpr std::uint64_t kKnownFeatures =
        kFeatureIndirect | kFeatureEventIdx | kFeatureRingReset | block::kSizeMax | block::kSegMax |
        block::kReadOnly | block::kBlockSize | block::kFlush | block::kTopology |
        block::kConfigWce | block::kMultiQueue | block::kDiscard | block::kWriteZeroes;

    struct Options {
        std::uint64_t features = kKnownFeatures;
        /// No more queues are used than the device has.
        unsigned queues = 1;
        std::uint16_t queue_size = Ring::kMaxSize;
        bool indirect = false;
        bool by_interrupt = false;
    };

    /// A request but for its header's and status's place in memory.
    struct Request {
        std::uint32_t type;
        std::uint64_t sector;
        const Buffer* data = nullptr;
        unsigned parts = 0;
    };

    struct Result {
        bool came = false;
        std::uint8_t status = 0xff;
        /// What the used ring says was written.
        std::uint32_t length = 0;
    };

    /// Takes the `number`th block device of the command line and brings it up.
    bool start(unsigned number, const Options& options);
    /// Brings it up again, from reset.
    bool bring_up();
    /// The queues as for the first time, on a device that has been reset or lost them.
    bool set_up_queues();

    Device& device() { return device_; }
    Queue& queue(unsigned index) { return queues_[index]; }
    unsigned queue_count() const { return queue_count_; }
    const Options& options() const { return options_; }
    std::uint64_t capacity() const { return device_.config64(block::config::kCapacity); }

    /// Puts a request on a queue, not yet published; false where descriptors are short.
    bool submit(unsigned queue, const Request& request, std::uint16_t& head);
    /// The status byte of the request that has, or had, that head.
    std::uint8_t status_of(unsigned queue, std::uint16_t head) const;
    /// Arms the interrupt if the options say so, and publishes.
    void publish(unsigned queue);
    /// Waits for the next used request of that queue, as the options say.
    bool wait(unsigned queue, Completion& completion);
    /// One request from beginning to end, on a queue where none is in flight. By interrupt, only an
    /// interrupt tells that it has come.
    Result run(unsigned queue, const Request& request);

  private:
    /// Where the header and the status of one request lie.
    struct Slot {
        block::RequestHeader header;
        volatile std::uint8_t status;
        std::uint8_t unused[15];
    };
    static_assert(sizeof(Slot) == 32);

    Device device_;
    Options options_;
    Queue queues_[kMaxQueues];
    unsigned queue_count_ = 0;
    Slot* slots_[kMaxQueues] = {};
};

}  // namespace payload::virtio
