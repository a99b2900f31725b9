// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "devices/host_side/console_host.h"

namespace skiff::machine {

/// A second host side of the guest's console, for any number of readers that come and go while the
/// machine runs: the end of its output, and a way to type. It holds nobody up: what readers do not
/// take in time is lost for them, and what the guest does not read stays with who types.
///
/// Made before the machine (MachineConfig::console_tap) and outlives it. All methods are for any
/// thread; none waits.
class ConsoleTap {
  public:
    /// How much of the output is kept.
    static constexpr std::size_t kKeptBytes = 64 * 1024;
    /// What waits for the guest to read.
    static constexpr std::size_t kTypedBytes = 4 * 1024;

    ConsoleTap();

    // For readers.
    struct Piece {
        std::string bytes;
        std::uint64_t next = 0;  ///< Where the next one begins.
        std::uint64_t lost = 0;  ///< Bytes before these that are not kept any more.
        bool has_ended = false;  ///< Nothing comes after it.
    };
    /// The output from `position` on, which counts all bytes ever; 0 for what is kept.
    Piece read(std::uint64_t position, std::size_t max_bytes) const;
    /// Takes the first bytes, as many as there is room for, and says how many.
    std::size_t type(std::span<const std::uint8_t> keys);
    /// The size of the window in which the output is shown, where the guest can be told of it.
    void resize(devices::WindowSize window);
    /// Called when there is something to read, or room to type; with locks held, so it may only
    /// leave a note. Empty: nobody is there.
    void set_listener(std::function<void()> listener);

    // For the machine.
    void on_output(std::span<const std::uint8_t> bytes);
    /// From now on, keys go there. On the loop's thread, or before it runs.
    void connect(EventLoop& loop, devices::ConsoleHost& console);
    /// No more output comes, and keys go nowhere. With the loop ended.
    void disconnect();

  private:
    void move_keys();
    void tell();

    mutable std::mutex output_mutex_;
    // Guarded by output_mutex_.
    const std::unique_ptr<std::uint8_t[]> ring_;  // untouched, so not resident, until needed
    std::uint64_t written_ = 0;                   // all bytes ever
    bool has_ended_ = false;

    std::mutex input_mutex_;
    // Guarded by input_mutex_.
    std::string keys_;  // that have not been moved
    bool move_is_due_ = false;
    EventLoop* loop_ = nullptr;
    devices::ConsoleHost* console_ = nullptr;

    mutable std::mutex listener_mutex_;
    std::function<void()> listener_;  // guarded by listener_mutex_
};

}  // namespace skiff::machine
