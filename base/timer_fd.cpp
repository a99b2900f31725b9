// SPDX-License-Identifier: Apache-2.0
#include "base/timer_fd.h"

#include <sys/timerfd.h>

#include <algorithm>
#include <cerrno>

namespace skiff {

Result<UniqueFd> make_timer(std::chrono::nanoseconds delay) {
    using std::chrono::nanoseconds;
    using std::chrono::seconds;
    UniqueFd fd(::timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK));
    if (!fd.valid()) {
        return Error::host(errno, "cannot create a timer");
    }
    // A delay of zero would disarm the timer.
    const nanoseconds whole = std::max(delay, nanoseconds(1));
    const seconds full_seconds = std::chrono::duration_cast<seconds>(whole);
    itimerspec when{};
    when.it_value.tv_sec = full_seconds.count();
    when.it_value.tv_nsec = (whole - full_seconds).count();
    if (::timerfd_settime(fd.get(), 0, &when, nullptr) != 0) {
        return Error::host(errno, "cannot set a timer");
    }
    return fd;
}

}  // namespace skiff
