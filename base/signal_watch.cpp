// SPDX-License-Identifier: Apache-2.0
#include "base/signal_watch.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/check.h"

namespace skiff {

Result<std::unique_ptr<SignalWatch>> SignalWatch::create(EventLoop& loop,
                                                         std::initializer_list<int> signals,
                                                         std::function<void(int)> arrived) {
    std::unique_ptr<SignalWatch> watch(new SignalWatch(loop, std::move(arrived)));
    sigset_t mask;
    ::sigemptyset(&mask);
    for (const int signal : signals) {
        ::sigaddset(&mask, signal);
    }
    SKIFF_CHECK(::pthread_sigmask(SIG_BLOCK, &mask, &watch->old_mask_) == 0);
    watch->signals_.reset(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!watch->signals_.valid()) {
        return Error::host(errno, "cannot create a signalfd");
    }
    SKIFF_ASSIGN_OR_RETURN(watch->watch_,
                           loop.add(watch->signals_.get(), EPOLLIN,
                                    [raw = watch.get()](std::uint32_t) { raw->read(); }));
    return watch;
}

SignalWatch::~SignalWatch() {
    if (watch_ != 0) {
        loop_.remove(watch_);
    }
    ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
}

void SignalWatch::read() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        arrived_(static_cast<int>(info.ssi_signo));
    }
}

}  // namespace skiff
