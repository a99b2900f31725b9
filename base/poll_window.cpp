// SPDX-License-Identifier: Apache-2.0
#include "base/poll_window.h"

#include <algorithm>
#include <utility>

namespace skiff {
namespace {

using std::chrono::nanoseconds;

// A shorter window would end before a driver can react.
constexpr nanoseconds kShortest{4'000};

// A window that grows to its limit is polled in vain four times on the way.
constexpr unsigned kMostVainWindows = 6;
constexpr unsigned kShortestRest = 64;
constexpr unsigned kLongestRest = 1024;

}  // namespace

PollWindow::PollWindow(const PollPolicy& policy)
    : policy_(policy),
      length_(policy.kind == PollPolicy::Kind::kFixed ? policy.limit : nanoseconds(0)),
      next_rest_(kShortestRest) {}

void PollWindow::worked(Clock::time_point now) {
    last_work_ = now;
    if (!std::exchange(was_woken_, false)) {
        vain_windows_ = 0;
        next_rest_ = kShortestRest;
    }
}

void PollWindow::woken(Clock::time_point now) {
    was_woken_ = true;
    if (policy_.kind == PollPolicy::Kind::kFixed) {
        return;
    }
    if (rest_ != 0) {
        --rest_;
        return;
    }
    const nanoseconds idle = now - last_work_;
    if (length_ != nanoseconds(0) && idle >= length_ && ++vain_windows_ == kMostVainWindows) {
        vain_windows_ = 0;
        length_ = nanoseconds(0);
        rest_ = next_rest_;
        next_rest_ = std::min(kLongestRest, 2 * next_rest_);
        return;
    }
    adjust(idle);
}

void PollWindow::adjust(nanoseconds idle) {
    if (idle <= policy_.limit) {
        // A longer window would have met this work without sleeping.
        length_ = std::min(policy_.limit, std::max(kShortest, 2 * length_));
    } else {
        length_ = length_ / 2 < kShortest ? nanoseconds(0) : length_ / 2;
    }
}

}  // namespace skiff
