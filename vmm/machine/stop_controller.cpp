// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/stop_controller.h"

#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <cerrno>

#include "base/log.h"
#include "base/timer_fd.h"

namespace skiff::machine {

Result<std::unique_ptr<StopController>> StopController::create(EventLoop& loop, StopLatch& latch,
                                                               Options options) {
    std::unique_ptr<StopController> controller(new StopController(loop, latch, std::move(options)));
    SKIFF_RETURN_IF_ERROR(controller->listen_to_signals());
    SKIFF_RETURN_IF_ERROR(controller->start_timeout());
    return controller;
}

StopController::~StopController() {
    if (mask_is_set_) {
        ::pthread_sigmask(SIG_SETMASK, &old_mask_, nullptr);
    }
}

Result<void> StopController::listen_to_signals() {
    sigset_t mask;
    ::sigemptyset(&mask);
    for (const int signal : {SIGINT, SIGTERM, SIGHUP}) {
        ::sigaddset(&mask, signal);
    }
    SKIFF_CHECK(::pthread_sigmask(SIG_BLOCK, &mask, &old_mask_) == 0);
    mask_is_set_ = true;
    signals_.reset(::signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!signals_.valid()) {
        return Error::host(errno, "cannot create a signalfd");
    }
    SKIFF_RETURN_IF_ERROR(
        loop_.add(signals_.get(), EPOLLIN, [this](std::uint32_t) { on_signal(); }));
    return {};
}

Result<void> StopController::start_timeout() {
    if (!options_.timeout.has_value()) {
        return {};
    }
    SKIFF_ASSIGN_OR_RETURN(timeout_, make_timer(*options_.timeout));
    SKIFF_RETURN_IF_ERROR(loop_.add(timeout_.get(), EPOLLIN, [this](std::uint32_t) {
        latch_.stop({.kind = ExitReason::Kind::kTimeout, .value = 0, .detail = {}, .vcpu = {}});
    }));
    return {};
}

void StopController::on_signal() {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
        if (first_signal_ != 0) {
            stop_hard();
            return;
        }
        first_signal_ = static_cast<int>(info.ssi_signo);
        auto grace = make_timer(options_.grace);
        if (!grace || options_.grace.count() == 0) {
            stop_hard();
            return;
        }
        grace_ = std::move(*grace);
        const auto id = loop_.add(grace_.get(), EPOLLIN, [this](std::uint32_t) { stop_hard(); });
        if (!id) {
            stop_hard();
            return;
        }
        log::info("asking the guest to shut down; a second signal stops it at once");
        options_.ask_guest();
    }
}

void StopController::stop_hard() {
    latch_.stop({.kind = ExitReason::Kind::kSignal,
                 .value = static_cast<unsigned>(first_signal_),
                 .detail = {},
                 .vcpu = {}});
}

}  // namespace skiff::machine
