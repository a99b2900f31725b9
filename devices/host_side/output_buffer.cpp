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
    send_or_append(lock, byte);
}

void OutputBuffer::push_or_drop(std::uint8_t byte) {
    std::unique_lock lock(mutex_);
    if (full() && overflow_ == Overflow::kHoldGuest) {
        observe({&byte, 1});
        ++dropped_;
        return;
    }
    send_or_append(lock, byte);
}

void OutputBuffer::observe(std::span<const std::uint8_t> bytes) {
    if (observer_ && !bytes.empty()) {
        observer_(bytes);
    }
}

std::size_t OutputBuffer::offer(std::span<const std::uint8_t> bytes) {
    std::unique_lock lock(mutex_);
    std::size_t taken = 0;
    while (count_ == 0 && !held_ && taken < bytes.size()) {
        const std::size_t part = output_.write(bytes.subspan(taken));
        if (part == 0) {
            break;
        }
        taken += part;
    }
    const std::size_t waiting_before = count_;
    if (overflow_ == Overflow::kDropOldest) {
        for (; taken < bytes.size(); ++taken) {
            append(bytes[taken]);
        }
        update_ready();
    }
    observe(bytes.first(taken));
    offer_waits_ = taken < bytes.size();
    const bool starts_waiting = offer_waits_ || (waiting_before == 0 && count_ > 0);
    lock.unlock();
    if (starts_waiting && on_waiting_) {
        on_waiting_();
    }
    return taken;
}

void OutputBuffer::send_or_append(std::unique_lock<std::mutex>& lock, std::uint8_t byte) {
    const std::span<const std::uint8_t> bytes(&byte, 1);
    observe(bytes);
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
    const bool room = count_ == 0 && std::exchange(offer_waits_, false);
    lock.unlock();
    if (rose) {
        announce_ready();
    }
    if (room && on_room_) {
        on_room_();  // offers the rest
    }
    lock.lock();
    return count_ > 0 || offer_waits_;
}

void OutputBuffer::set_overflow(Overflow overflow) {
    bool rose = false;
    bool room = false;
    {
        const std::lock_guard lock(mutex_);
        overflow_ = overflow;
        rose = update_ready();
        room = overflow == Overflow::kDropOldest && std::exchange(offer_waits_, false);
    }
    if (rose) {
        announce_ready();
    }
    if (room && on_room_) {
        on_room_();
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
