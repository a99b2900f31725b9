// SPDX-License-Identifier: Apache-2.0
#include "virtio/queue/split_queue.h"

#include <array>
#include <atomic>
#include <bit>
#include <utility>

#include "base/check.h"
#include "base/units.h"

namespace skiff::virtio {
namespace {

// Room that a new list of buffers has, and the most that a list may have grown to to be kept.
constexpr std::size_t kTypicalChainLength = 4;
constexpr std::size_t kLongestListKept = 64;

template <typename T>
T load_relaxed(const std::uint8_t* at) {
    return __atomic_load_n(reinterpret_cast<const T*>(static_cast<const void*>(at)),
                           __ATOMIC_RELAXED);
}

template <typename T>
void store_relaxed(std::uint8_t* at, T value) {
    __atomic_store_n(reinterpret_cast<T*>(static_cast<void*>(at)), value, __ATOMIC_RELAXED);
}

std::uint16_t load_acquire16(const std::uint8_t* at) {
    return __atomic_load_n(reinterpret_cast<const std::uint16_t*>(static_cast<const void*>(at)),
                           __ATOMIC_ACQUIRE);
}

/// One copy of a descriptor that the driver may be rewriting: each byte of it is read once, which
/// plain loads would not promise. An indirect table need not be aligned.
Descriptor load_descriptor(const std::uint8_t* table, std::uint16_t index) {
    const std::uint8_t* const at = table + sizeof(Descriptor) * std::size_t{index};
    if (is_aligned(reinterpret_cast<std::uintptr_t>(at), alignof(std::uint64_t))) {
        const std::array halves = {load_relaxed<std::uint64_t>(at),
                                   load_relaxed<std::uint64_t>(at + sizeof(std::uint64_t))};
        return std::bit_cast<Descriptor>(halves);
    }
    std::array<std::uint8_t, sizeof(Descriptor)> bytes{};
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        bytes.at(i) = load_relaxed<std::uint8_t>(at + i);
    }
    return std::bit_cast<Descriptor>(bytes);
}

std::uint16_t distance(std::uint16_t from, std::uint16_t to) {
    return static_cast<std::uint16_t>(to - from);
}

bool is_misaligned(const QueueLayout& layout) {
    return !is_aligned(layout.descriptor_table.value(), kDescriptorTableAlignment) ||
           !is_aligned(layout.avail_ring.value(), kAvailRingAlignment) ||
           !is_aligned(layout.used_ring.value(), kUsedRingAlignment);
}

std::uint8_t* host_pointer(const GuestMemory& memory, GuestAddress address, std::uint64_t size) {
    const auto span = memory.host_span(address, size);
    SKIFF_CHECK(span.has_value());
    return span->data();
}

}  // namespace

/// What is known of a chain while it is being collected.
struct SplitQueue::Walk {
    std::vector<iovec> buffers;
    std::size_t readable_count = 0;
    std::uint64_t readable_bytes = 0;
    std::uint64_t writable_bytes = 0;
    unsigned visited = 0;  // descriptors, those of an indirect table included
    bool writable_seen = false;
};

std::optional<QueueError> SplitQueue::check(const GuestMemory& memory, const QueueLayout& layout,
                                            std::uint16_t max_size) {
    if (!std::has_single_bit(layout.size) || layout.size > max_size) {
        return QueueError::kSizeIsNotAPowerOfTwo;
    }
    if (is_misaligned(layout)) {
        return QueueError::kMisalignedRing;
    }
    if (!memory.contains(layout.descriptor_table, descriptor_table_bytes(layout.size)) ||
        !memory.contains(layout.avail_ring, avail_ring_bytes(layout.size)) ||
        !memory.contains(layout.used_ring, used_ring_bytes(layout.size))) {
        return QueueError::kRingOutsideMemory;
    }
    return std::nullopt;
}

SplitQueue::SplitQueue(const GuestMemory& memory, const QueueLayout& layout, QueueFeatures features)
    : memory_(memory),
      layout_(layout),
      features_(features),
      descriptors_(
          host_pointer(memory, layout.descriptor_table, descriptor_table_bytes(layout.size))),
      avail_(host_pointer(memory, layout.avail_ring, avail_ring_bytes(layout.size))),
      used_(host_pointer(memory, layout.used_ring, used_ring_bytes(layout.size))) {}

bool SplitQueue::has_available() {
    if (error_.has_value()) {
        return false;
    }
    if (seen_avail_ == next_avail_) {
        seen_avail_ = load_acquire16(avail_ + kRingIdxOffset);
    }
    return seen_avail_ != next_avail_;
}

std::optional<DescriptorChain> SplitQueue::pop() {
    if (!has_available()) {
        return std::nullopt;
    }
    if (distance(next_avail_, seen_avail_) > layout_.size) {
        break_ring(QueueError::kAvailIndexJump);
        return std::nullopt;
    }
    if (in_flight_ == layout_.size) {
        break_ring(QueueError::kTooManyInFlight);
        return std::nullopt;
    }
    const std::size_t slot = next_avail_ & (layout_.size - 1U);
    const auto head = load_relaxed<std::uint16_t>(avail_ + kRingEntriesOffset + 2 * slot);
    Walk walk;
    walk.buffers = spare_buffers();
    if (const auto error = collect(head, walk)) {
        break_ring(*error);
        return std::nullopt;
    }
    ++next_avail_;
    ++in_flight_;
    DescriptorChain chain(head, std::move(walk.buffers));
    chain.readable_end_ = walk.readable_count;
    chain.first_writable_ = walk.readable_count;
    chain.readable_bytes_ = walk.readable_bytes;
    chain.writable_bytes_ = walk.writable_bytes;
    return chain;
}

std::optional<QueueError> SplitQueue::collect(std::uint16_t head, Walk& walk) const {
    if (head >= layout_.size) {
        return QueueError::kHeadOutOfRange;
    }
    for (std::uint16_t index = head;;) {
        if (++walk.visited > layout_.size) {
            return QueueError::kChainTooLong;
        }
        const Descriptor descriptor = load_descriptor(descriptors_, index);
        const bool has_next = (descriptor.flags & VIRTQ_DESC_F_NEXT) != 0;
        if ((descriptor.flags & VIRTQ_DESC_F_INDIRECT) != 0) {
            // 2.7.5.3.2: an indirect table may follow ordinary descriptors; it is the chain's end.
            return has_next ? QueueError::kIndirectWithNext : collect_indirect(descriptor, walk);
        }
        if (const auto error = add_buffer(descriptor, walk)) {
            return error;
        }
        if (!has_next) {
            return std::nullopt;
        }
        if (descriptor.next >= layout_.size) {
            return QueueError::kNextOutOfRange;
        }
        index = descriptor.next;
    }
}

std::optional<QueueError> SplitQueue::collect_indirect(const Descriptor& table, Walk& walk) const {
    if (!features_.indirect_descriptors) {
        return QueueError::kIndirectNotNegotiated;
    }
    const std::uint32_t count = table.len / sizeof(Descriptor);
    if (table.len % sizeof(Descriptor) != 0 || count == 0 || count > layout_.size) {
        return QueueError::kIndirectTableLength;
    }
    const auto view = memory_.host_span(GuestAddress(table.addr), table.len);
    if (!view.has_value()) {
        return QueueError::kIndirectOutsideMemory;
    }
    for (std::uint16_t index = 0;;) {
        if (++walk.visited > layout_.size + 1U) {  // the descriptor of the table is not a buffer
            return QueueError::kChainTooLong;
        }
        const Descriptor descriptor = load_descriptor(view->data(), index);
        if ((descriptor.flags & VIRTQ_DESC_F_INDIRECT) != 0) {
            return QueueError::kIndirectNested;
        }
        if (const auto error = add_buffer(descriptor, walk)) {
            return error;
        }
        if ((descriptor.flags & VIRTQ_DESC_F_NEXT) == 0) {
            return std::nullopt;
        }
        if (descriptor.next >= count) {
            return QueueError::kNextOutOfRange;
        }
        index = descriptor.next;
    }
}

std::optional<QueueError> SplitQueue::add_buffer(const Descriptor& descriptor, Walk& walk) const {
    const bool writable = (descriptor.flags & VIRTQ_DESC_F_WRITE) != 0;
    if (!writable && walk.writable_seen) {
        return QueueError::kReadableAfterWritable;
    }
    walk.writable_seen = writable;
    const auto view = memory_.host_span(GuestAddress(descriptor.addr), descriptor.len);
    if (!view.has_value()) {
        return QueueError::kBufferOutsideMemory;
    }
    if (view->empty()) {
        return std::nullopt;
    }
    (writable ? walk.writable_bytes : walk.readable_bytes) += view->size();
    if (walk.readable_bytes + walk.writable_bytes >= 4 * kGiB) {
        return QueueError::kChainTooLarge;
    }
    walk.buffers.push_back({.iov_base = view->data(), .iov_len = view->size()});
    if (!writable) {
        ++walk.readable_count;
    }
    return std::nullopt;
}

std::vector<iovec> SplitQueue::spare_buffers() {
    if (spares_.empty()) {
        std::vector<iovec> fresh;
        fresh.reserve(kTypicalChainLength);
        return fresh;
    }
    std::vector<iovec> spare = std::move(spares_.back());
    spares_.pop_back();
    return spare;
}

void SplitQueue::recycle(DescriptorChain& chain) {
    SKIFF_CHECK(in_flight_ != 0);
    --in_flight_;
    chain.abandon();
    if (chain.buffers_.capacity() <= kLongestListKept) {
        chain.buffers_.clear();
        spares_.push_back(std::move(chain.buffers_));
    }
}

void SplitQueue::complete(DescriptorChain&& chain, std::uint32_t written_bytes) {
    const std::size_t slot = next_used_ & (layout_.size - 1U);
    std::uint8_t* const element = used_ + kRingEntriesOffset + kUsedElementBytes * slot;
    store_relaxed<std::uint32_t>(element, chain.head());
    store_relaxed<std::uint32_t>(element + 4, written_bytes);
    ++next_used_;
    recycle(chain);
}

void SplitQueue::abandon(DescriptorChain&& chain) {
    recycle(chain);
}

bool SplitQueue::publish() {
    if (published_used_ == next_used_) {
        return false;
    }
    const std::uint16_t old = std::exchange(published_used_, next_used_);
    __atomic_store_n(reinterpret_cast<std::uint16_t*>(static_cast<void*>(used_ + kRingIdxOffset)),
                     next_used_, __ATOMIC_RELEASE);
    // 2.7.7.2: our index must be visible before we read whether the driver sleeps.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    if (features_.event_idx) {
        const auto used_event =
            load_relaxed<std::uint16_t>(avail_ + kRingEntriesOffset + 2 * std::size_t{size()});
        // The driver wants an interrupt when the entry `used_event` is used: is it among these?
        return distance(used_event, next_used_) - 1U < distance(old, next_used_);
    }
    const auto flags = load_relaxed<std::uint16_t>(avail_ + kRingFlagsOffset);
    return (flags & VIRTQ_AVAIL_F_NO_INTERRUPT) == 0;
}

void SplitQueue::disable_notifications() {
    // With event_idx there is nothing to do: an avail_event that lies behind asks for nothing.
    if (!features_.event_idx) {
        store_relaxed<std::uint16_t>(used_ + kRingFlagsOffset, VIRTQ_USED_F_NO_NOTIFY);
    }
}

bool SplitQueue::enable_notifications() {
    if (error_.has_value()) {
        return false;
    }
    if (features_.event_idx) {
        store_relaxed(used_ + kRingEntriesOffset + kUsedElementBytes * std::size_t{size()},
                      next_avail_);
    } else {
        store_relaxed<std::uint16_t>(used_ + kRingFlagsOffset, 0);
    }
    // 2.7.10: what we ask for must be visible before we look for the last time.
    std::atomic_thread_fence(std::memory_order_seq_cst);
    return has_available();
}

void SplitQueue::break_ring(QueueError error) {
    if (!error_.has_value()) {
        error_ = error;
    }
}

}  // namespace skiff::virtio
