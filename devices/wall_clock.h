// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff::devices {

/// The time of day, in nanoseconds since 1970 (UTC), with one alarm. Any thread.
class WallClock {
  public:
    virtual ~WallClock() = default;

    virtual std::int64_t now_ns() const = 0;

    /// Rings once when that time has come (at once if it is over), or not at all. Replaces the
    /// alarm before it. Must not block.
    virtual void set_alarm(std::optional<std::int64_t> at_ns) = 0;

    /// Who is called when the alarm rings, with no lock held. Set while the machine is built.
    virtual void on_alarm(std::function<void()> callback) = 0;
};

/// CLOCK_REALTIME; the alarm rings on the loop's thread.
class HostWallClock : public WallClock {
  public:
    /// `loop` outlives the clock, and does not run any more when the clock goes.
    static Result<std::unique_ptr<HostWallClock>> create(EventLoop& loop);
    ~HostWallClock() override;
    HostWallClock(const HostWallClock&) = delete;
    HostWallClock& operator=(const HostWallClock&) = delete;

    std::int64_t now_ns() const override;
    void set_alarm(std::optional<std::int64_t> at_ns) override;
    void on_alarm(std::function<void()> callback) override { callback_ = std::move(callback); }

  private:
    HostWallClock(EventLoop& loop, UniqueFd timer) : loop_(loop), timer_(std::move(timer)) {}
    void ring();

    EventLoop& loop_;
    UniqueFd timer_;
    EventLoop::Id id_ = 0;
    std::function<void()> callback_;
};

}  // namespace skiff::devices
