// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>

#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff {

/// A timerfd that becomes readable once, `delay` (at least 1 ns) from now, on the monotonic clock.
Result<UniqueFd> make_timer(std::chrono::nanoseconds delay);

}  // namespace skiff
