// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/processor.h"

namespace payload {

/// How long a payload waits for what should come at once: about ten seconds of a usual time-stamp
/// counter, so that the payload says what did not come before its test's deadline ends it.
constexpr std::uint64_t kPatienceCycles = 25'000'000'000;

/// Asks until `condition()` holds; false where it does not within `cycles`.
template <typename Condition>
bool wait_until(Condition condition, std::uint64_t cycles = kPatienceCycles) {
    const std::uint64_t begin = read_tsc();
    while (!condition()) {
        if (read_tsc() - begin > cycles) {
            return false;
        }
        relax();
    }
    return true;
}

}  // namespace payload
