// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <optional>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "vmm/machine/console_watch.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine {

/// Ends the run of a guest whose kernel reports on the console that it is broken.
///
/// A panic always ends it: a kernel with panic=0 prints an end marker and loops for ever. The same
/// text could be a log file that somebody shows, so only silence after it counts. What `fail_on`
/// has besides ends the run with the first message: then the rest of its trace is waited for, until
/// nothing comes any more, but not for long.
class TroubleWatch {
  public:
    TroubleWatch(EventLoop& loop, const ConsoleWatch& console, StopLatch& latch,
                 KernelTroubles fail_on)
        : loop_(loop), console_(console), latch_(latch), fail_on_(fail_on), timer_(loop, [this] {
              look();
          }) {}

    /// What was just printed. Any thread; cheap where it is nothing.
    void on_news(const ConsoleWatch::News& news);

    /// Why the run fails by what was printed, for a guest that ended by itself before the trace was
    /// whole; nothing where it does not. Any thread.
    std::optional<ExitReason> failure() const;

  private:
    void begin();
    void look();
    void look_again();

    EventLoop& loop_;
    const ConsoleWatch& console_;
    StopLatch& latch_;
    const KernelTroubles fail_on_;
    std::atomic<bool> is_looking_{false};
    std::atomic<bool> is_failing_{false};
    // The loop's thread.
    LoopTimer timer_;
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point last_output_;
    std::uint64_t written_ = 0;
};

/// Why a machine stops whose kernel printed this.
ExitReason trouble_reason(KernelTrouble trouble, std::string message);

}  // namespace skiff::machine
