// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>

#include "base/event_loop.h"
#include "base/unique_fd.h"

namespace skiff {

/// A one-shot timer of an event loop, which can be started again. Belongs to the loop's thread.
class LoopTimer {
  public:
    /// `loop` outlives the timer.
    LoopTimer(EventLoop& loop, std::function<void()> expired);
    ~LoopTimer();
    LoopTimer(const LoopTimer&) = delete;
    LoopTimer& operator=(const LoopTimer&) = delete;

    /// Calls `expired` once, `delay` (at least 1 ns) from now; a start before that replaces this
    /// one. False where the host has no timer left.
    [[nodiscard]] bool start(std::chrono::nanoseconds delay);
    void stop();
    bool running() const { return watch_ != 0; }

  private:
    EventLoop& loop_;
    std::function<void()> expired_;
    UniqueFd timer_;
    EventLoop::Id watch_ = 0;
};

}  // namespace skiff
