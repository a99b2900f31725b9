// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/result.h"
#include "base/signal_watch.h"
#include "base/unique_fd.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine {

/// Stops that come from outside of the guest: SIGINT, SIGTERM, SIGHUP where it is not about log
/// files (base/log_rotation.h), shut_down(), and the time limit.
///
/// The first signal asks the guest to shut down and gives it the grace time; a second one, or the
/// end of that time, stops it hard. Lives on the event loop's thread.
class StopController {
  public:
    struct Options {
        std::optional<std::chrono::milliseconds> timeout;
        std::chrono::milliseconds grace;
        /// Presses the guest's power button.
        std::function<void()> ask_guest;
    };

    /// Blocks the signals in the calling thread and in all that it starts later: so create it
    /// before any other thread. They stay blocked until the object goes.
    static Result<std::unique_ptr<StopController>> create(EventLoop& loop, StopLatch& latch,
                                                          Options options);
    /// Whether one of its signals waits: for the end of a run, when the loop runs no more.
    static bool signal_is_pending();

    /// Asks the guest to shut down, and stops it hard after `deadline`: without one after the grace
    /// time, with zero at once. Asked again, the guest is not, and the earlier deadline counts.
    void shut_down(std::optional<std::chrono::milliseconds> deadline);

    StopController(const StopController&) = delete;
    StopController& operator=(const StopController&) = delete;

  private:
    StopController(EventLoop& loop, StopLatch& latch, Options options)
        : loop_(loop),
          latch_(latch),
          options_(std::move(options)),
          deadline_(loop, [this] { latch_.stop(forced_); }) {}

    Result<void> start_timeout();
    void on_signal(int number);
    void ask_guest(std::chrono::milliseconds limit, const ExitReason& forced);

    EventLoop& loop_;
    StopLatch& latch_;
    Options options_;
    std::unique_ptr<SignalWatch> signals_;
    UniqueFd timeout_;
    int first_signal_ = 0;
    // Once the guest was asked: until when it may take, and why it is stopped then.
    std::optional<std::chrono::steady_clock::time_point> due_;
    ExitReason forced_;
    LoopTimer deadline_;
};

}  // namespace skiff::machine
