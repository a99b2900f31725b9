// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <list>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "virtio/vsock/byte_ring.h"
#include "virtio/vsock/deadline_timer.h"
#include "virtio/vsock/host_socket.h"

namespace skiff::virtio::vsock {

/// What the guest sent on streams that it has closed in order, and the host's end has not taken
/// yet: handed over until that is done, the other end is closed, or a time is over. Belongs to the
/// loop's thread.
class Farewells {
  public:
    using Clock = DeadlineTimer::Clock;

    /// `loop` and `timer` outlive the farewells.
    Farewells(EventLoop& loop, DeadlineTimer& timer) : loop_(loop), timer_(timer) {}

    void add(UniqueFd fd, ByteRing rest, Clock::time_point until);
    std::size_t size() const { return farewells_.size(); }
    /// Ends those whose time is over. For the timer's callback.
    void expire(Clock::time_point now);

  private:
    struct Farewell {
        Farewell(EventLoop& loop, UniqueFd fd, ByteRing bytes, Clock::time_point until)
            : socket(loop, std::move(fd)), rest(std::move(bytes)), deadline(until) {}
        HostSocket socket;
        ByteRing rest;
        Clock::time_point deadline;
    };

    EventLoop& loop_;
    DeadlineTimer& timer_;
    std::list<Farewell> farewells_;
};

}  // namespace skiff::virtio::vsock
