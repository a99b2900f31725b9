// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/guest_address.h"
#include "base/units.h"

namespace skiff::machine::x86_64 {

/// Guest physical addresses from here to 4 GiB belong to devices and interrupt controllers.
inline constexpr std::uint64_t kDeviceHoleStart = 3 * kGiB;
inline constexpr std::uint64_t kDeviceHoleEnd = 4 * kGiB;

/// Where `memory_bytes` of RAM lie: from 0 up to the device hole, the rest from 4 GiB.
std::vector<GuestRange> ram_ranges(std::uint64_t memory_bytes);

}  // namespace skiff::machine::x86_64
