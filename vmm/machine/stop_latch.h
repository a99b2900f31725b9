// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <mutex>
#include <optional>

#include "base/event_loop.h"
#include "devices/power_control.h"
#include "vmm/machine/exit_reason.h"

namespace skiff::machine {

/// Where all reasons to stop meet: the first one wins, and ends the event loop. Thread-safe.
class StopLatch final : public devices::PowerSink {
  public:
    explicit StopLatch(EventLoop& loop) : loop_(loop) {}

    void stop(ExitReason reason);
    /// Cheap: vCPU threads ask after every exit.
    bool stopped() const { return stopped_.load(std::memory_order_acquire); }
    /// Only after stopped().
    ExitReason reason() const;

    // The guest's own ways.
    void power_off(std::uint8_t exit_status) override;
    void reset(std::uint8_t exit_status) override;

  private:
    EventLoop& loop_;
    std::atomic<bool> stopped_{false};
    mutable std::mutex mutex_;
    std::optional<ExitReason> reason_;  // guarded by mutex_
};

}  // namespace skiff::machine
