// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/silence_watch.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace skiff::machine {
namespace {

using std::chrono::milliseconds;

/// How late the end may be noticed: a quarter of the limit, or this.
constexpr milliseconds kLatest{250};

}  // namespace

SilenceWatch::SilenceWatch(EventLoop& loop, StopLatch& latch, milliseconds limit,
                           std::function<std::uint64_t()> output, std::function<bool()> is_paused)
    : latch_(latch),
      limit_(limit),
      output_(std::move(output)),
      is_paused_(std::move(is_paused)),
      timer_(loop, [this] { look(); }) {}

Result<void> SilenceWatch::start() {
    seen_ = output_();
    last_output_ = std::chrono::steady_clock::now();
    return look_again();
}

Result<void> SilenceWatch::look_again() {
    if (!timer_.start(std::clamp(limit_ / 4, milliseconds(1), kLatest))) {
        return Error::host("the host has no timer left for --silence-timeout");
    }
    return {};
}

void SilenceWatch::look() {
    const auto now = std::chrono::steady_clock::now();
    if (const std::uint64_t output = output_(); output != seen_ || is_paused_()) {
        seen_ = output;
        last_output_ = now;
    }
    if (now - last_output_ >= limit_) {
        latch_.stop({.kind = ExitReason::Kind::kSilence,
                     .value = 0,
                     .detail = fmt::format("{} s", std::chrono::duration<double>(limit_).count()),
                     .vcpu = {}});
        return;
    }
    if (const auto again = look_again(); !again) {
        log::warning("{}: it no longer counts", again.error().message());
    }
}

}  // namespace skiff::machine
