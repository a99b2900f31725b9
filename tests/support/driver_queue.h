// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

#include "base/guest_memory.h"
#include "virtio/queue/split_queue.h"

namespace skiff::test {

using Bytes = std::vector<std::uint8_t>;

class DriverQueue;

/// A request on its way: which descriptor it begins with and where its buffers are.
struct SubmittedChain {
    struct Buffer {
        GuestAddress address;
        std::uint32_t size;
        bool writable;
    };
    std::uint16_t head = 0;
    std::vector<Buffer> buffers;
};

/// Says what a chain is made of, piece by piece; submit() makes it available:
///
///     const auto chain = queue.chain().readable(header).writable(512).writable(1).submit();
class ChainBuilder {
  public:
    explicit ChainBuilder(DriverQueue& queue) : queue_(queue) {}

    /// A buffer with this content that the device reads.
    ChainBuilder& readable(const Bytes& content);
    /// A buffer of `size` bytes for the device to write; it holds 0xcc before.
    ChainBuilder& writable(std::uint32_t size);
    /// Buffers anywhere, also where no memory is.
    ChainBuilder& readable_at(GuestAddress address, std::uint32_t size);
    ChainBuilder& writable_at(GuestAddress address, std::uint32_t size);
    /// Puts all buffers into an indirect table.
    ChainBuilder& indirect();

    /// Makes the chain available, and the driver's index with it.
    SubmittedChain submit();
    /// Writes the descriptors, but makes nothing available.
    SubmittedChain write_descriptors();

  private:
    DriverQueue& queue_;
    std::vector<SubmittedChain::Buffer> buffers_;
    bool indirect_ = false;
};

/// The driver's side of a split virtqueue, written from the specification (VIRTIO 1.2, 2.7) and
/// not from the device's side. It can also break every rule: the raw accessors write whatever a
/// test wants.
class DriverQueue {
  public:
    struct Used {
        std::uint32_t id;
        std::uint32_t len;
        bool operator==(const Used&) const = default;
    };

    /// A queue of `size` entries whose parts and buffers lie from `base` on; `room` bytes in all.
    DriverQueue(GuestMemory& memory, GuestAddress base, std::uint64_t room, std::uint16_t size);

    virtio::QueueLayout layout() const { return layout_; }
    GuestMemory& memory() { return *memory_; }

    ChainBuilder chain() { return ChainBuilder(*this); }

    /// The next used entry; its descriptors are free again.
    std::optional<Used> take_used();
    /// What a chain's writable buffers hold, one after the other.
    Bytes written(const SubmittedChain& chain) const;

    /// Raw access, for a driver that breaks rules.
    void set_descriptor(std::uint16_t index, const virtio::Descriptor& descriptor);
    void set_avail_entry(std::uint16_t slot, std::uint16_t head);
    void set_avail_idx(std::uint16_t idx);
    void set_avail_flags(std::uint16_t flags);
    void set_used_event(std::uint16_t idx);
    std::uint16_t avail_idx() const { return avail_idx_; }
    std::uint16_t used_idx() const;
    std::uint16_t used_flags() const;
    std::uint16_t avail_event() const;
    /// Puts `head` into the next avail entry and moves the index.
    void make_available(std::uint16_t head);

    /// Memory for a buffer, never given back: the room must last for the test.
    GuestAddress allocate(std::uint64_t size, std::uint64_t alignment = 16);

  private:
    friend class ChainBuilder;
    std::uint16_t take_descriptor();
    std::uint16_t write_chain(const std::vector<virtio::Descriptor>& descriptors);

    GuestMemory* memory_;
    std::uint64_t next_free_;
    std::uint64_t end_;
    virtio::QueueLayout layout_;
    std::uint16_t avail_idx_ = 0;
    std::uint16_t next_used_ = 0;
    std::vector<std::uint16_t> free_descriptors_;
    std::map<std::uint16_t, std::vector<std::uint16_t>> descriptors_of_;  // by head
};

}  // namespace skiff::test
