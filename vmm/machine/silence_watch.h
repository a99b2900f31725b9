// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/result.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine {

/// Ends the run of a guest that prints nothing for a time (--silence-timeout). Lives on the event
/// loop's thread.
class SilenceWatch {
  public:
    /// `output` counts what the guest has printed so far, wherever that goes; `is_paused` says
    /// whether a debugger holds the guest: that time does not count.
    SilenceWatch(EventLoop& loop, StopLatch& latch, std::chrono::milliseconds limit,
                 std::function<std::uint64_t()> output, std::function<bool()> is_paused);

    /// The time begins.
    Result<void> start();

  private:
    void look();
    Result<void> look_again();

    StopLatch& latch_;
    const std::chrono::milliseconds limit_;
    const std::function<std::uint64_t()> output_;
    const std::function<bool()> is_paused_;
    LoopTimer timer_;
    std::uint64_t seen_ = 0;
    std::chrono::steady_clock::time_point last_output_;
};

}  // namespace skiff::machine
