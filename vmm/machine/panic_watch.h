// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "vmm/machine/console_watch.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine {

/// Ends the run of a guest whose kernel panicked and will not reboot itself.
///
/// A kernel with panic=0 prints an end marker and loops for ever. The same text could be a log file
/// that somebody shows: so only silence after it counts.
class PanicWatch {
  public:
    PanicWatch(EventLoop& loop, const ConsoleWatch& console, StopLatch& latch)
        : loop_(loop), console_(console), latch_(latch) {}
    ~PanicWatch();

    /// The panic's end marker is the last thing on the console. Any thread.
    void on_panic_end();

  private:
    void arm();
    void on_silence();

    EventLoop& loop_;
    const ConsoleWatch& console_;
    StopLatch& latch_;
    std::atomic<bool> armed_{false};
    UniqueFd timer_;              // the loop's thread
    EventLoop::Id timer_id_ = 0;  // the loop's thread
};

}  // namespace skiff::machine
