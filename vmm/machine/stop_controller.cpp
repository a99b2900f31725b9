// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/stop_controller.h"

#include <sys/epoll.h>

#include <algorithm>
#include <csignal>
#include <initializer_list>

#include "base/log.h"
#include "base/timer_fd.h"

namespace skiff::machine {
namespace {

constexpr std::initializer_list<int> kSignals = {SIGINT, SIGTERM, SIGHUP};

}  // namespace

Result<std::unique_ptr<StopController>> StopController::create(EventLoop& loop, StopLatch& latch,
                                                               Options options) {
    std::unique_ptr<StopController> controller(new StopController(loop, latch, std::move(options)));
    SKIFF_ASSIGN_OR_RETURN(
        controller->signals_,
        SignalWatch::create(loop, kSignals,
                            [raw = controller.get()](int number) { raw->on_signal(number); }));
    SKIFF_RETURN_IF_ERROR(controller->start_timeout());
    return controller;
}

bool StopController::signal_is_pending() {
    sigset_t pending;
    return ::sigpending(&pending) == 0 &&
           std::any_of(kSignals.begin(), kSignals.end(),
                       [&](int signal) { return ::sigismember(&pending, signal) == 1; });
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

void StopController::on_signal(int number) {
    if (first_signal_ != 0) {
        stop_hard();
        return;
    }
    first_signal_ = number;
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

void StopController::stop_hard() {
    latch_.stop({.kind = ExitReason::Kind::kSignal,
                 .value = static_cast<unsigned>(first_signal_),
                 .detail = {},
                 .vcpu = {}});
}

}  // namespace skiff::machine
