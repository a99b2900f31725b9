// SPDX-License-Identifier: Apache-2.0
#include "devices/wall_clock.h"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace skiff::devices {
namespace {

constexpr std::int64_t kNanosecondsPerSecond = 1'000'000'000;

}  // namespace

Result<std::unique_ptr<HostWallClock>> HostWallClock::create(EventLoop& loop) {
    UniqueFd timer(::timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC));
    if (!timer.valid()) {
        return Error::host(errno, "creating the real-time clock's timer");
    }
    std::unique_ptr<HostWallClock> clock(new HostWallClock(loop, std::move(timer)));
    SKIFF_ASSIGN_OR_RETURN(clock->id_,
                           loop.add(clock->timer_.get(), EPOLLIN,
                                    [self = clock.get()](std::uint32_t) { self->ring(); }));
    return clock;
}

HostWallClock::~HostWallClock() {
    if (id_ != 0) {
        loop_.remove(id_);
    }
}

std::int64_t HostWallClock::now_ns() const {
    return std::chrono::duration_cast<std::chrono::nanoseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

void HostWallClock::set_alarm(std::optional<std::int64_t> at_ns) {
    itimerspec when{};  // all zero: no alarm
    if (at_ns.has_value()) {
        const std::int64_t at = std::max<std::int64_t>(*at_ns, 1);
        when.it_value.tv_sec = at / kNanosecondsPerSecond;
        when.it_value.tv_nsec = at % kNanosecondsPerSecond;
    }
    // Cannot fail: the descriptor is ours and the time is valid.
    SKIFF_CHECK(::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &when, nullptr) == 0);
}

void HostWallClock::ring() {
    std::uint64_t expirations = 0;
    if (::read(timer_.get(), &expirations, sizeof expirations) == sizeof expirations && callback_) {
        callback_();
    }
}

}  // namespace skiff::devices
