// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace skiff {

inline constexpr std::uint64_t kKiB = 1024;
inline constexpr std::uint64_t kMiB = 1024 * kKiB;
inline constexpr std::uint64_t kGiB = 1024 * kMiB;

/// The page size of x86-64 and the alignment of every mapping we make.
inline constexpr std::uint64_t kPageSize = 4096;

constexpr std::uint64_t align_down(std::uint64_t value, std::uint64_t alignment) {
    return value & ~(alignment - 1);
}

/// `alignment` is a power of two; the caller rules out that value + alignment wraps.
constexpr std::uint64_t align_up(std::uint64_t value, std::uint64_t alignment) {
    return align_down(value + alignment - 1, alignment);
}

constexpr bool is_aligned(std::uint64_t value, std::uint64_t alignment) {
    return (value & (alignment - 1)) == 0;
}

/// Parses "4096", "512K", "256M", "2G", "1T" (binary multiples; "KiB"/"KB" forms too, any case)
/// into bytes. A user error names the text where it is not a size or does not fit 64 bits.
Result<std::uint64_t> parse_size(std::string_view text);

/// "256 MiB", "1.5 GiB", "4096 B": the largest unit that reads well.
std::string format_size(std::uint64_t bytes);

}  // namespace skiff
