// SPDX-License-Identifier: Apache-2.0
#include "base/loop_timer.h"

#include <sys/epoll.h>

#include <utility>

#include "base/timer_fd.h"

namespace skiff {

LoopTimer::LoopTimer(EventLoop& loop, std::function<void()> expired)
    : loop_(loop), expired_(std::move(expired)) {}

LoopTimer::~LoopTimer() {
    stop();
}

bool LoopTimer::start(std::chrono::nanoseconds delay) {
    stop();
    auto timer = make_timer(delay);
    if (!timer) {
        return false;
    }
    const auto watch = loop_.add(timer->get(), EPOLLIN, [this](std::uint32_t) {
        stop();
        expired_();
    });
    if (!watch) {
        return false;
    }
    timer_ = std::move(*timer);
    watch_ = *watch;
    return true;
}

void LoopTimer::stop() {
    if (watch_ != 0) {
        loop_.remove(std::exchange(watch_, 0));
        timer_.reset();
    }
}

}  // namespace skiff
