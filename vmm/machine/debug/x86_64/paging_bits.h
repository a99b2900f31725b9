// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Bits of control registers and page tables that decide how addresses are translated.
namespace skiff::machine::x86_64 {

// Intel SDM vol. 3, 2.5 and 2.2.1.
inline constexpr std::uint64_t kCr0Paging = 1U << 31;
inline constexpr std::uint64_t kCr4PageSizeExtension = 1U << 4;
inline constexpr std::uint64_t kCr4PhysicalAddressExtension = 1U << 5;
inline constexpr std::uint64_t kCr4FiveLevels = 1U << 12;
inline constexpr std::uint64_t kEferLongModeActive = 1U << 10;

// Intel SDM vol. 3, 4.3 to 4.5.
inline constexpr std::uint64_t kPresent = 1U << 0;
inline constexpr std::uint64_t kLarge = 1U << 7;
inline constexpr std::uint64_t kAddressMask = 0x000f'ffff'ffff'f000;

}  // namespace skiff::machine::x86_64
