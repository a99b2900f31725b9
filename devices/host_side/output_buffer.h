// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <span>

#include "devices/host_side/host_output.h"

namespace skiff::devices {

/// Between a guest's console and a host side that can be slow: what comes goes straight out while
/// nothing waits before it, otherwise it is kept, up to a bound, and then the guest is held back.
class OutputBuffer {
  public:
    static constexpr std::size_t kDefaultCapacity = 64 * 1024;
    /// A 16550A's FIFO.
    static constexpr std::size_t kReadyRoom = 16;

    /// What a full buffer does.
    enum class Overflow {
        kHoldGuest,   ///< push() waits: nothing is lost (somebody reads, only slowly).
        kDropOldest,  ///< Makes room (nobody is there to read); counted.
    };

    OutputBuffer(HostOutput& output, std::size_t capacity = kDefaultCapacity);

    /// `on_waiting`: bytes wait now, so drain() must be called when the output can take more.
    /// `on_ready`: ready() became true again. Both are called without a lock, from any thread.
    void set_callbacks(std::function<void()> on_waiting, std::function<void()> on_ready);
    void set_observer(OutputObserver observer);
    /// What offer() refused may be offered again. On the thread of drain() or set_overflow().
    void set_on_room(std::function<void()> on_room) { on_room_ = std::move(on_room); }

    /// Any thread. Where the buffer is full and its policy is kHoldGuest, waits until it is ready()
    /// again, or release().
    void push(std::uint8_t byte);

    /// For a printer that can keep what is refused: takes the first bytes, as many as go out at
    /// once, and says how many; on_room comes when it is worth to offer the rest. Never waits. Any
    /// thread.
    std::size_t offer(std::span<const std::uint8_t> bytes);

    /// For a printer that must not wait: what does not fit is dropped and counted. Any thread.
    void push_or_drop(std::uint8_t byte);

    /// Whether kReadyRoom bytes can be pushed without waiting: the UART's LSR.THRE. Hysteresis:
    /// once false, true again at three quarters full.
    bool ready() const { return ready_.load(std::memory_order_acquire); }

    /// Hands waiting bytes to the output; true where some still wait for it to take them, here or
    /// with who offered them.
    bool drain();

    /// While held, bytes are kept as if the output took none, and drain() does nothing (the screen
    /// is somebody else's). After the end of it, call drain().
    void set_held(bool held);

    void set_overflow(Overflow overflow);

    /// push() never waits any more. What does not fit then is dropped and counted.
    void release();

    std::size_t waiting_bytes() const;
    std::uint64_t dropped_bytes() const;

  private:
    static constexpr std::size_t kReleasedSlack = 256;  // one held byte of every vCPU

    bool full() const { return count_ >= capacity_; }
    void append(std::uint8_t byte);
    void observe(std::span<const std::uint8_t> bytes);
    void send_or_append(std::unique_lock<std::mutex>& lock, std::uint8_t byte);
    bool update_ready();
    void announce_ready();

    HostOutput& output_;
    const std::size_t capacity_;
    std::function<void()> on_waiting_;
    std::function<void()> on_ready_;
    std::function<void()> on_room_;

    std::atomic<bool> ready_{true};  // written with mutex_ held

    mutable std::mutex mutex_;  // guards all below, and serialises output_ and observer_
    std::condition_variable room_;
    OutputObserver observer_;
    const std::size_t ring_size_;
    const std::unique_ptr<std::uint8_t[]> ring_;  // untouched, so not resident, until needed
    std::size_t head_ = 0;
    std::size_t count_ = 0;
    Overflow overflow_ = Overflow::kHoldGuest;
    bool released_ = false;
    bool held_ = false;
    bool offer_waits_ = false;  // some of an offer was refused since on_room_ was called
    std::uint64_t dropped_ = 0;
};

}  // namespace skiff::devices
