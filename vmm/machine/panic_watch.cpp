// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/panic_watch.h"

#include <sys/epoll.h>

#include "base/log.h"
#include "base/timer_fd.h"

namespace skiff::machine {
namespace {

constexpr std::chrono::milliseconds kSilence{1000};

}  // namespace

PanicWatch::~PanicWatch() {
    if (timer_id_ != 0) {
        loop_.remove(timer_id_);
    }
}

void PanicWatch::on_panic_end() {
    if (!armed_.exchange(true)) {
        loop_.post([this] { arm(); });
    }
}

void PanicWatch::arm() {
    auto timer = make_timer(kSilence);
    if (!timer) {
        log::warning("{}: a guest that panicked is not noticed", timer.error().message());
        return;
    }
    timer_ = std::move(*timer);
    const auto id = loop_.add(timer_.get(), EPOLLIN, [this](std::uint32_t) { on_silence(); });
    if (id) {
        timer_id_ = *id;
    }
}

void PanicWatch::on_silence() {
    loop_.remove(timer_id_);
    timer_id_ = 0;
    armed_.store(false);
    if (console_.panic_is_over()) {
        latch_.stop({.kind = ExitReason::Kind::kKernelPanic,
                     .value = 0,
                     .detail = console_.panic_message(),
                     .vcpu = {}});
    }
}

}  // namespace skiff::machine
