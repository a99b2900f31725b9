// SPDX-License-Identifier: Apache-2.0
#include "base/poll_window.h"

#include <algorithm>

namespace skiff {
namespace {

using std::chrono::nanoseconds;

// A shorter window would end before a driver can react.
constexpr nanoseconds kShortest{4'000};

}  // namespace

PollWindow::PollWindow(const PollPolicy& policy)
    : policy_(policy),
      length_(policy.kind == PollPolicy::Kind::kFixed ? policy.limit : nanoseconds(0)) {}

void PollWindow::woken(Clock::time_point now) {
    if (policy_.kind == PollPolicy::Kind::kFixed) {
        return;
    }
    const nanoseconds idle = now - last_work_;
    if (idle <= policy_.limit) {
        // A longer window would have met this work without sleeping.
        length_ = std::min(policy_.limit, std::max(kShortest, 2 * length_));
    } else {
        length_ = length_ / 2 < kShortest ? nanoseconds(0) : length_ / 2;
    }
}

}  // namespace skiff
