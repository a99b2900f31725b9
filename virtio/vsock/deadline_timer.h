// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <chrono>
#include <functional>
#include <optional>
#include <utility>

#include "base/loop_timer.h"

namespace skiff::virtio::vsock {

/// One timer for the deadlines of many. Who has one asks for it, and is asked in turn when the
/// earliest has come: it need not be taken back. Belongs to the loop's thread.
class DeadlineTimer {
  public:
    using Clock = std::chrono::steady_clock;

    /// `expired` gets the time; who still waits then asks again. `loop` outlives the timer.
    DeadlineTimer(EventLoop& loop, std::function<void(Clock::time_point now)> expired)
        : expired_(std::move(expired)), timer_(loop, [this] {
              due_.reset();
              expired_(Clock::now());
          }) {}

    /// Not later than `when`. Without a timer to be had nothing expires: late is better than wrong.
    void ask(Clock::time_point when) {
        if (due_.has_value() && *due_ <= when) {
            return;
        }
        const std::chrono::nanoseconds delay = when - Clock::now();
        if (timer_.start(std::max(delay, std::chrono::nanoseconds(1)))) {
            due_ = when;
        }
    }

  private:
    std::function<void(Clock::time_point)> expired_;
    LoopTimer timer_;
    std::optional<Clock::time_point> due_;
};

}  // namespace skiff::virtio::vsock
