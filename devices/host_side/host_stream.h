// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>

#include "base/event_loop.h"
#include "devices/host_side/host_descriptor.h"
#include "devices/host_side/host_side.h"

namespace skiff::devices {

/// A pair of descriptors on the event loop: reads while there is room, watches for room
/// to write while bytes wait, and notices the end of both. What the end means is its owner's
/// business. Used on the loop's thread, except for write().
class HostStream {
  public:
    enum class End { kEndOfFile, kClosed, kFailed };
    /// What write() does once the output has ended.
    enum class AfterEnd {
        kDrop,  ///< Takes everything, and counts it as lost.
        kKeep,  ///< Takes nothing: another reader may come.
    };
    /// The first two may destroy the stream.
    struct Options {
        std::function<void(End end)> input_ended;
        std::function<void(End end, int errno_value)> output_ended;
        /// Whether input is for us now (a terminal's is not while we are in its background). While
        /// it is not, each arrival asks once. Empty: always.
        std::function<bool()> may_read = {};
        AfterEnd after_end = AfterEnd::kDrop;
    };

    HostStream(EventLoop& loop, HostSideEvents& events, std::optional<HostDescriptor> input,
               std::optional<HostDescriptor> output, Options options);
    ~HostStream();
    HostStream(const HostStream&) = delete;
    HostStream& operator=(const HostStream&) = delete;

    /// Any thread, one call at a time.
    std::size_t write(std::span<const std::uint8_t> bytes);

    void watch_output();
    void watch_input();
    /// Reports an error that write() met on another thread.
    void report_output_error();
    bool wait_for_output(int timeout_ms) const;

    bool input_over() const { return input_over_; }
    bool output_gone() const { return output_gone_.load(std::memory_order_acquire); }
    std::uint64_t lost_bytes() const { return lost_.load(std::memory_order_relaxed); }

  private:
    void on_input(std::uint32_t ready);
    void on_output(std::uint32_t ready);
    void read_what_fits();
    void unwatch_input();
    void end_input(End end);
    void note_output_error(End end, int errno_value);
    void unwatch_output();

    EventLoop& loop_;
    HostSideEvents& events_;
    std::optional<HostDescriptor> input_;
    std::optional<HostDescriptor> output_;
    Options options_;

    std::optional<EventLoop::Id> input_id_;
    std::optional<EventLoop::Id> output_id_;
    bool input_over_ = false;
    bool reading_suspended_ = false;  // may_read said no
    bool pollable_input_ = true;
    bool output_error_reported_ = false;

    std::atomic<bool> output_gone_{false};
    std::atomic<int> output_errno_{0};
    std::atomic<bool> output_closed_{false};
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace skiff::devices
