// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/output_buffer.h"

#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"

namespace skiff::devices {

OutputBuffer::OutputBuffer(HostOutput& output, std::size_t capacity)
    : output_(output),
      capacity_(capacity),
      ring_size_(capacity + kReleasedSlack),
      ring_(std::make_unique_for_overwrite<std::uint8_t[]>(ring_size_)) {
    SKIFF_CHECK(capacity >= 2 * kReadyRoom);
}

void OutputBuffer::set_callbacks(std::function<void()> on_waiting, std::function<void()> on_ready) {
    on_waiting_ = std::move(on_waiting);
    on_ready_ = std::move(on_ready);
}

void OutputBuffer::set_observer(OutputObserver observer) {
    const std::lock_guard lock(mutex_);
    observer_ = std::move(observer);
}

void OutputBuffer::push(std::uint8_t byte) {
    std::unique_lock lock(mutex_);
    if (full()) {
        // Until there is room for many: a wake-up costs more than a byte.
        room_.wait(lock, [this] { return ready() || released_; });
    }
    const std::span<const std::uint8_t> bytes(&byte, 1);
    if (observer_) {
        observer_(bytes);
    }
    if (count_ == 0 && !held_ && output_.write(bytes) == 1) {
        return;
    }
    const bool starts_waiting = count_ == 0;
    append(byte);
    update_ready();
    lock.unlock();
    if (starts_waiting && on_waiting_) {
        on_waiting_();
    }
}

void OutputBuffer::append(std::uint8_t byte) {
    if (full() && overflow_ == Overflow::kDropOldest) {
        head_ = (head_ + 1) % ring_size_;
        --count_;
        ++dropped_;
    } else if (count_ == ring_size_) {
        ++dropped_;  // released, and more than any number of held vCPUs explains
        return;
    }
    ring_[(head_ + count_) % ring_size_] = byte;
    ++count_;
}

/// Brings ready_ up to date; true where it rose.
bool OutputBuffer::update_ready() {
    const bool was_ready = ready();
    const std::size_t room = full() ? 0 : capacity_ - count_;
    const std::size_t needed = was_ready ? kReadyRoom : capacity_ / 4;
    const bool is_ready = overflow_ == Overflow::kDropOldest || room >= needed;
    ready_.store(is_ready, std::memory_order_release);
    return is_ready && !was_ready;
}

bool OutputBuffer::drain() {
    std::unique_lock lock(mutex_);
    if (held_) {
        return false;
    }
    while (count_ > 0) {
        const std::size_t contiguous = std::min(count_, ring_size_ - head_);
        const std::size_t taken = output_.write({ring_.get() + head_, contiguous});
        SKIFF_CHECK(taken <= contiguous);
        if (taken == 0) {
            break;
        }
        head_ = (head_ + taken) % ring_size_;
        count_ -= taken;
    }
    const bool rose = update_ready();
    const bool still_waiting = count_ > 0;
    lock.unlock();
    if (rose) {
        announce_ready();
    }
    return still_waiting;
}

void OutputBuffer::set_overflow(Overflow overflow) {
    bool rose = false;
    {
        const std::lock_guard lock(mutex_);
        overflow_ = overflow;
        rose = update_ready();
    }
    if (rose) {
        announce_ready();
    }
}

void OutputBuffer::set_held(bool held) {
    const std::lock_guard lock(mutex_);
    held_ = held;
}

void OutputBuffer::announce_ready() {
    room_.notify_all();
    if (on_ready_) {
        on_ready_();
    }
}

void OutputBuffer::release() {
    {
        const std::lock_guard lock(mutex_);
        released_ = true;
    }
    room_.notify_all();
}

std::size_t OutputBuffer::waiting_bytes() const {
    const std::lock_guard lock(mutex_);
    return count_;
}

std::uint64_t OutputBuffer::dropped_bytes() const {
    const std::lock_guard lock(mutex_);
    return dropped_;
}

}  // namespace skiff::devices
