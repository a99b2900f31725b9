// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "virtio/queue/descriptor_chain.h"
#include "virtio/queue/queue_error.h"
#include "virtio/queue/split_ring.h"

namespace skiff::virtio {

/// Where a queue lies and how many entries it has. All of it is the driver's choice.
struct QueueLayout {
    std::uint16_t size = 0;
    GuestAddress descriptor_table;
    GuestAddress avail_ring;  ///< "Driver area".
    GuestAddress used_ring;   ///< "Device area".
};

/// The features that change how a queue is used (VIRTIO 1.2, 6).
struct QueueFeatures {
    bool indirect_descriptors = false;  ///< VIRTIO_F_INDIRECT_DESC
    bool event_idx = false;             ///< VIRTIO_F_EVENT_IDX
};

/// The device's side of a split virtqueue (VIRTIO 1.2, 2.7).
///
/// The driver is hostile, on other processors, at the same time: everything is read once and
/// checked, every loop is bounded by the queue's size. The first rule that it breaks latches:
/// error() stays, and pop() gives nothing any more.
///
/// Belongs to one thread. `memory` outlives it.
class SplitQueue {
  public:
    /// What is wrong with a layout; nothing where it can be used. `max_size` is a power of two.
    static std::optional<QueueError> check(const GuestMemory& memory, const QueueLayout& layout,
                                           std::uint16_t max_size);

    /// `layout` has passed check().
    SplitQueue(const GuestMemory& memory, const QueueLayout& layout, QueueFeatures features);

    std::uint16_t size() const { return layout_.size; }
    std::optional<QueueError> error() const { return error_; }

    /// The next chain that the driver made available; nothing where there is none, or where the
    /// ring is broken. At most size() chains are in flight.
    std::optional<DescriptorChain> pop();

    /// Whether pop() would find something (a chain or a new error). One load.
    bool has_available();

    /// Gives a chain back: stages its used entry, which the driver sees after publish().
    /// `written_bytes`: how much of the writable part was written, from its start (2.7.8).
    void complete(DescriptorChain&& chain, std::uint32_t written_bytes);

    /// Shows the driver all staged entries by one store. True where it wants an interrupt for them.
    [[nodiscard]] bool publish();

    /// Asks the driver not to notify: we are looking anyway.
    void disable_notifications();

    /// Asks the driver to notify from now on. True where chains came before it could know: then no
    /// notification will come for them, look again.
    [[nodiscard]] bool enable_notifications();

    /// Chains that were popped and did not come to their end.
    unsigned in_flight() const { return in_flight_; }

    /// For a chain that will not be completed, because the queue is being stopped.
    void abandon(DescriptorChain&& chain);

    /// The device found the content of a request malformed: latch.
    void break_ring(QueueError error);

  private:
    struct Walk;

    std::optional<QueueError> collect(std::uint16_t head, Walk& walk) const;
    std::optional<QueueError> collect_indirect(const Descriptor& table, Walk& walk) const;
    std::optional<QueueError> add_buffer(const Descriptor& descriptor, Walk& walk) const;
    std::vector<iovec> spare_buffers();
    void recycle(DescriptorChain& chain);

    const GuestMemory& memory_;
    QueueLayout layout_;
    QueueFeatures features_;
    // Host views of the three parts: guest memory never moves while a machine runs.
    std::uint8_t* descriptors_;
    std::uint8_t* avail_;
    std::uint8_t* used_;

    std::optional<QueueError> error_;
    unsigned in_flight_ = 0;
    std::uint16_t next_avail_ = 0;            // index of the next chain to pop
    std::uint16_t seen_avail_ = 0;            // the driver's index when we looked last
    std::uint16_t next_used_ = 0;             // index of the next entry to stage
    std::uint16_t published_used_ = 0;        // what the driver has been shown
    std::vector<std::vector<iovec>> spares_;  // of chains that came to their end
};

}  // namespace skiff::virtio
