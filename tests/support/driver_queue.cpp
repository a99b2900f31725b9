// SPDX-License-Identifier: Apache-2.0
#include "tests/support/driver_queue.h"

#include <cstddef>
#include <utility>

#include "base/check.h"
#include "base/units.h"

namespace skiff::test {
namespace {

constexpr std::uint8_t kUnwritten = 0xcc;

GuestAddress plus(GuestAddress address, std::uint64_t offset) {
    return GuestAddress(address.value() + offset);
}

}  // namespace

ChainBuilder& ChainBuilder::readable(const Bytes& content) {
    const GuestAddress address = queue_.allocate(content.size());
    SKIFF_CHECK(queue_.memory().write(address, content));
    return readable_at(address, static_cast<std::uint32_t>(content.size()));
}

ChainBuilder& ChainBuilder::writable(std::uint32_t size) {
    const GuestAddress address = queue_.allocate(size);
    SKIFF_CHECK(queue_.memory().write(address, Bytes(size, kUnwritten)));
    return writable_at(address, size);
}

ChainBuilder& ChainBuilder::readable_at(GuestAddress address, std::uint32_t size) {
    buffers_.push_back({address, size, false});
    return *this;
}

ChainBuilder& ChainBuilder::writable_at(GuestAddress address, std::uint32_t size) {
    buffers_.push_back({address, size, true});
    return *this;
}

ChainBuilder& ChainBuilder::indirect() {
    indirect_ = true;
    return *this;
}

SubmittedChain ChainBuilder::write_descriptors() {
    std::vector<virtio::Descriptor> descriptors;
    for (std::size_t i = 0; i < buffers_.size(); ++i) {
        const auto& buffer = buffers_[i];
        const bool last = i + 1 == buffers_.size();
        descriptors.push_back({.addr = buffer.address.value(),
                               .len = buffer.size,
                               .flags = static_cast<std::uint16_t>(
                                   (last ? 0 : virtio::VIRTQ_DESC_F_NEXT) |
                                   (buffer.writable ? virtio::VIRTQ_DESC_F_WRITE : 0)),
                               .next = static_cast<std::uint16_t>(last ? 0 : i + 1)});
    }
    if (indirect_) {
        const auto bytes = static_cast<std::uint32_t>(descriptors.size() * sizeof descriptors[0]);
        const GuestAddress table = queue_.allocate(bytes);
        for (std::size_t i = 0; i < descriptors.size(); ++i) {
            SKIFF_CHECK(
                queue_.memory().write(plus(table, i * sizeof descriptors[0]), descriptors[i]));
        }
        descriptors = {{table.value(), bytes, virtio::VIRTQ_DESC_F_INDIRECT, 0}};
    }
    return {.head = queue_.write_chain(descriptors), .buffers = buffers_};
}

SubmittedChain ChainBuilder::submit() {
    SubmittedChain chain = write_descriptors();
    queue_.make_available(chain.head);
    return chain;
}

DriverQueue::DriverQueue(GuestMemory& memory, GuestAddress base, std::uint64_t room,
                         std::uint16_t size)
    : memory_(&memory), next_free_(base.value()), end_(base.value() + room) {
    layout_.size = size;
    layout_.descriptor_table = allocate(virtio::descriptor_table_bytes(size));
    layout_.avail_ring = allocate(virtio::avail_ring_bytes(size));
    layout_.used_ring = allocate(virtio::used_ring_bytes(size));
    SKIFF_CHECK(memory_->fill_zero(layout_.descriptor_table, next_free_ - base.value()));
    for (std::uint16_t i = size; i != 0; --i) {
        free_descriptors_.push_back(static_cast<std::uint16_t>(i - 1));
    }
}

GuestAddress DriverQueue::allocate(std::uint64_t size, std::uint64_t alignment) {
    const std::uint64_t start = align_up(next_free_, alignment);
    SKIFF_CHECK(start + size <= end_);
    next_free_ = start + size;
    return GuestAddress(start);
}

std::uint16_t DriverQueue::take_descriptor() {
    SKIFF_CHECK(!free_descriptors_.empty());
    const std::uint16_t index = free_descriptors_.back();
    free_descriptors_.pop_back();
    return index;
}

std::uint16_t DriverQueue::write_chain(const std::vector<virtio::Descriptor>& descriptors) {
    std::vector<std::uint16_t> indices;
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
        indices.push_back(take_descriptor());
    }
    for (std::size_t i = 0; i < descriptors.size(); ++i) {
        virtio::Descriptor descriptor = descriptors[i];
        if ((descriptor.flags & virtio::VIRTQ_DESC_F_NEXT) != 0) {
            descriptor.next = indices[i + 1];
        }
        set_descriptor(indices[i], descriptor);
    }
    const std::uint16_t head = indices.front();
    descriptors_of_[head] = std::move(indices);
    return head;
}

void DriverQueue::make_available(std::uint16_t head) {
    set_avail_entry(static_cast<std::uint16_t>(avail_idx_ % layout_.size), head);
    set_avail_idx(static_cast<std::uint16_t>(avail_idx_ + 1));
}

std::optional<DriverQueue::Used> DriverQueue::take_used() {
    if (used_idx() == next_used_) {
        return std::nullopt;
    }
    const std::uint64_t slot = next_used_ % layout_.size;
    const GuestAddress element =
        plus(layout_.used_ring, virtio::kRingEntriesOffset + virtio::kUsedElementBytes * slot);
    ++next_used_;
    const Used used{.id = *memory_->read<std::uint32_t>(element),
                    .len = *memory_->read<std::uint32_t>(plus(element, 4))};
    const auto owned = descriptors_of_.find(static_cast<std::uint16_t>(used.id));
    if (owned != descriptors_of_.end()) {
        free_descriptors_.insert(free_descriptors_.end(), owned->second.rbegin(),
                                 owned->second.rend());
        descriptors_of_.erase(owned);
    }
    return used;
}

Bytes DriverQueue::written(const SubmittedChain& chain) const {
    Bytes all;
    for (const auto& buffer : chain.buffers) {
        if (buffer.writable) {
            Bytes content(buffer.size);
            SKIFF_CHECK(memory_->read(buffer.address, content));
            all.insert(all.end(), content.begin(), content.end());
        }
    }
    return all;
}

void DriverQueue::set_descriptor(std::uint16_t index, const virtio::Descriptor& descriptor) {
    SKIFF_CHECK(memory_->write(
        plus(layout_.descriptor_table, sizeof descriptor * std::uint64_t{index}), descriptor));
}

void DriverQueue::set_avail_entry(std::uint16_t slot, std::uint16_t head) {
    SKIFF_CHECK(memory_->write(
        plus(layout_.avail_ring, virtio::kRingEntriesOffset + 2 * std::uint64_t{slot}), head));
}

void DriverQueue::set_avail_idx(std::uint16_t idx) {
    avail_idx_ = idx;
    SKIFF_CHECK(memory_->store_release(plus(layout_.avail_ring, virtio::kRingIdxOffset), idx));
}

void DriverQueue::set_avail_flags(std::uint16_t flags) {
    SKIFF_CHECK(memory_->write(layout_.avail_ring, flags));
}

void DriverQueue::set_used_event(std::uint16_t idx) {
    SKIFF_CHECK(memory_->write(
        plus(layout_.avail_ring, virtio::kRingEntriesOffset + 2 * std::uint64_t{layout_.size}),
        idx));
}

std::uint16_t DriverQueue::used_idx() const {
    return *memory_->load_acquire<std::uint16_t>(plus(layout_.used_ring, virtio::kRingIdxOffset));
}

std::uint16_t DriverQueue::used_flags() const {
    return *memory_->load_acquire<std::uint16_t>(layout_.used_ring);
}

std::uint16_t DriverQueue::avail_event() const {
    return *memory_->load_acquire<std::uint16_t>(
        plus(layout_.used_ring,
             virtio::kRingEntriesOffset + virtio::kUsedElementBytes * std::uint64_t{layout_.size}));
}

}  // namespace skiff::test
