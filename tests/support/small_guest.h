// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <utility>

#include "base/check.h"
#include "base/guest_memory.h"
#include "base/units.h"

namespace skiff::test {

/// 1 MiB of RAM at 0 and 1 MiB at 4 GiB: what lies between is no memory.
inline constexpr GuestRange kLowRam{GuestAddress(0), kMiB};
inline constexpr GuestRange kHighRam{GuestAddress(4 * kGiB), kMiB};

inline GuestMemory small_guest() {
    const std::array ranges = {kLowRam, kHighRam};
    auto memory = GuestMemory::create(ranges, {});
    SKIFF_CHECK(memory.ok());
    return std::move(memory).value();
}

}  // namespace skiff::test
