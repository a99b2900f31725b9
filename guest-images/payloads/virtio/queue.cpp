// SPDX-License-Identifier: Apache-2.0
#include "virtio/queue.h"

#include "runtime/page_pool.h"
#include "runtime/patience.h"

namespace payload::virtio {
namespace {

/// A store is seen by others before the next load is made. (MFENCE is not among the instructions
/// that KVM's emulator knows.)
void full_barrier() {
    asm volatile("lock orl $0, (%%rsp)" : : : "memory");
}

constexpr std::uint64_t kDescriptorPages = 1;  // 256 descriptors of 16 bytes.
constexpr std::uint64_t kRingPages = kDescriptorPages + 2;
constexpr std::uint64_t kTableSize = Queue::kMaxBuffers * sizeof(Descriptor);
constexpr std::uint64_t kTablePages = Ring::kMaxSize * kTableSize / kPageSize;

void zero(std::uint64_t address, std::uint64_t size) {
    for (std::uint64_t i = 0; i < size; i += 8) {
        store<std::uint64_t>(address + i, 0);
    }
}

std::uint64_t address_of(const volatile void* pointer) {
    return reinterpret_cast<std::uint64_t>(pointer);
}

}  // namespace

bool Queue::allocate() {
    const std::uint64_t pages = allocate_pages(kRingPages + kTablePages);
    if (pages == 0) {
        return false;
    }
    ring_.descriptors = reinterpret_cast<volatile Descriptor*>(pages);
    ring_.available = reinterpret_cast<volatile std::uint16_t*>(pages + kPageSize);
    ring_.used = reinterpret_cast<volatile std::uint16_t*>(pages + 2 * kPageSize);
    indirect_tables_ = pages + kRingPages * kPageSize;
    return true;
}

void Queue::clear() {
    zero(address_of(ring_.descriptors), sizeof(Descriptor) * ring_.size);
    zero(address_of(ring_.available), 6 + 2u * ring_.size);
    zero(address_of(ring_.used), 6 + 8u * ring_.size);
    link_free_list();
    submitted_ = published_ = seen_ = 0;
    disarm_interrupt();
}

void Queue::link_free_list() {
    for (std::uint16_t i = 0; i < ring_.size; ++i) {
        next_[i] = static_cast<std::uint16_t>(i + 1);
        chain_length_[i] = 0;
    }
    first_free_ = 0;
    free_count_ = ring_.size;
}

bool Queue::set_up(const Device& device, std::uint16_t index, std::uint16_t size) {
    device_ = &device;
    index_ = index;
    device.write(kQueueSel, index);
    const std::uint32_t largest = device.read(kQueueSizeMax);
    if (largest == 0 || device.read(kQueueReady) != 0 ||
        (ring_.descriptors == nullptr && !allocate())) {
        return false;
    }
    size = size < Ring::kMaxSize ? size : Ring::kMaxSize;
    ring_.size = size < largest ? size : static_cast<std::uint16_t>(largest);
    clear();
    device.write(kQueueSize, ring_.size);
    device.write_pair(kQueueDescLow, address_of(ring_.descriptors));
    device.write_pair(kQueueDriverLow, address_of(ring_.available));
    device.write_pair(kQueueDeviceLow, address_of(ring_.used));
    device.write(kQueueReady, 1);
    return device.read(kQueueReady) == 1;
}

std::uint16_t Queue::take_descriptor() {
    const std::uint16_t taken = first_free_;
    first_free_ = next_[taken];
    --free_count_;
    return taken;
}

bool Queue::submit(const Buffer* buffers, unsigned count, std::uint16_t& head) {
    if (count == 0 || count > free_count_) {
        return false;
    }
    head = first_free_;
    for (unsigned i = 0; i < count; ++i) {
        const std::uint16_t at = take_descriptor();
        const bool is_last = i + 1 == count;
        const unsigned flags = (buffers[i].is_writable ? kWrite : 0u) | (is_last ? 0u : kNext);
        ring_.set_descriptor(
            at, {buffers[i].address, buffers[i].length, static_cast<std::uint16_t>(flags),
                 is_last ? std::uint16_t{0} : first_free_});
    }
    chain_length_[head] = static_cast<std::uint16_t>(count);
    ring_.available_entry(submitted_++) = head;
    return true;
}

bool Queue::submit_indirect(const Buffer* buffers, unsigned count, std::uint16_t& head) {
    if (count == 0 || count > kMaxBuffers || free_count_ == 0) {
        return false;
    }
    head = take_descriptor();
    const std::uint64_t table = indirect_tables_ + head * kTableSize;
    const Ring entries = {.descriptors = reinterpret_cast<volatile Descriptor*>(table)};
    for (unsigned i = 0; i < count; ++i) {
        const bool is_last = i + 1 == count;
        const unsigned flags = (buffers[i].is_writable ? kWrite : 0u) | (is_last ? 0u : kNext);
        entries.set_descriptor(
            static_cast<std::uint16_t>(i),
            {buffers[i].address, buffers[i].length, static_cast<std::uint16_t>(flags),
             static_cast<std::uint16_t>(is_last ? 0 : i + 1)});
    }
    ring_.set_descriptor(
        head, {table, static_cast<std::uint32_t>(count * sizeof(Descriptor)), kIndirect, 0});
    chain_length_[head] = 1;
    ring_.available_entry(submitted_++) = head;
    return true;
}

bool Queue::device_wants_notification() const {
    if (!device_->has(kFeatureEventIdx)) {
        return (ring_.used_flags() & kNoNotify) == 0;
    }
    // 2.7.10: the device wants to hear of entry available_event, if it is among the new ones.
    const auto since_event = static_cast<std::uint16_t>(submitted_ - ring_.available_event() - 1);
    return since_event < static_cast<std::uint16_t>(submitted_ - published_);
}

void Queue::publish() {
    __atomic_store_n(&ring_.available_idx(), submitted_, __ATOMIC_RELEASE);
    full_barrier();
    if (submitted_ != published_ && device_wants_notification()) {
        ++notifications_;
        device_->write(kQueueNotify, index_);
    }
    published_ = submitted_;
}

void Queue::give_back(std::uint16_t head) {
    std::uint16_t last = head;
    for (unsigned i = 1; i < chain_length_[head]; ++i) {
        last = next_[last];
    }
    free_count_ = static_cast<std::uint16_t>(free_count_ + chain_length_[head]);
    chain_length_[head] = 0;
    next_[last] = first_free_;
    first_free_ = head;
}

bool Queue::poll(Completion& completion) {
    if (ring_.used_idx() == seen_) {
        return false;
    }
    const volatile UsedElement& element = ring_.used_element(seen_);
    completion = {static_cast<std::uint16_t>(element.id), element.length};
    ++seen_;
    if (!is_armed_) {
        disarm_interrupt();
    }
    if (completion.head >= ring_.size || chain_length_[completion.head] == 0) {
        ++strange_completions_;
    } else {
        give_back(completion.head);
    }
    return true;
}

bool Queue::wait(Completion& completion) {
    return wait_until([&] { return poll(completion); });
}

bool Queue::arm_interrupt() {
    is_armed_ = true;
    ring_.available_flags() = 0;
    ring_.used_event() = seen_;
    full_barrier();
    return ring_.used_idx() != seen_;
}

void Queue::disarm_interrupt() {
    is_armed_ = false;
    ring_.available_flags() = device_->has(kFeatureEventIdx) ? 0 : kNoInterrupt;
    // The entry behind us: as far ahead as an index can be.
    ring_.used_event() = static_cast<std::uint16_t>(seen_ - 1);
}

bool Queue::reset() const {
    device_->write(kQueueSel, index_);
    device_->write(kQueueReset, 1);
    return wait_until([this] { return device_->read(kQueueReset) == 0; });
}

}  // namespace payload::virtio
