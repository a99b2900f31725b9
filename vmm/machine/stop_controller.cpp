// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/stop_controller.h"

#include <fmt/format.h>
#include <sys/epoll.h>

#include <algorithm>
#include <csignal>
#include <initializer_list>

#include "base/log.h"
#include "base/log_rotation.h"
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
           std::any_of(kSignals.begin(), kSignals.end(), [&](int signal) {
               return ::sigismember(&pending, signal) == 1 &&
                      !(signal == SIGHUP && hang_up_means_rotation());
           });
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
    if (number == SIGHUP && hang_up_means_rotation()) {
        rotate_logs();
        return;
    }
    const bool is_second = first_signal_ != 0;
    first_signal_ = is_second ? first_signal_ : number;
    const ExitReason forced{.kind = ExitReason::Kind::kSignal,
                            .value = static_cast<unsigned>(first_signal_),
                            .detail = {},
                            .vcpu = {}};
    if (is_second) {
        latch_.stop(forced);
    } else {
        log::info("asking the guest to shut down; a second signal stops it at once");
        ask_guest(options_.grace, forced);
    }
}

void StopController::shut_down(std::optional<std::chrono::milliseconds> deadline) {
    const auto limit = deadline.value_or(options_.grace);
    log::info("asking the guest to shut down; it is stopped if it takes longer than {} ms",
              limit.count());
    ask_guest(limit, {.kind = ExitReason::Kind::kForced,
                      .value = 0,
                      .detail = fmt::format("it did not shut down within {} ms", limit.count()),
                      .vcpu = {}});
}

void StopController::ask_guest(std::chrono::milliseconds limit, const ExitReason& forced) {
    const auto due = std::chrono::steady_clock::now() + limit;
    if (due_.has_value() && *due_ <= due) {
        return;
    }
    const bool is_first = !due_.has_value();
    due_ = due;
    forced_ = forced;
    if (limit.count() == 0 || !deadline_.start(limit)) {
        latch_.stop(forced);
    } else if (is_first) {
        options_.ask_guest();
    }
}

}  // namespace skiff::machine
