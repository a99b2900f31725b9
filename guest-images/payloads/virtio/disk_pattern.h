// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// What test disks hold: each word of eight bytes tells its own place on the disk, and which `seed`
/// it was written with (seed 0 stands for all zeros). tests/support/disk_pattern.py makes the same,
/// and tests/bench/reference uses this.
namespace payload {

constexpr std::uint64_t kPatternMultiplier = 0x9e3779b97f4a7c15;

/// The word at byte `offset` (a multiple of 8) of a disk.
constexpr std::uint64_t pattern_word(std::uint64_t offset, std::uint64_t seed) {
    return seed == 0 ? 0 : ((seed << 48) + offset / 8 + 1) * kPatternMultiplier;
}

/// Fills memory with what the disk is to hold from byte `offset` on. Size and offset are multiples
/// of
/// 8. To be called at either privilege level.
void fill_pattern(std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                  std::uint64_t seed);

/// The first byte in memory that is not as the disk should have it; `size` where all are.
std::uint64_t first_difference(std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                               std::uint64_t seed);

/// first_difference() == size, several times as fast; `size` is a multiple of 32.
bool has_pattern(std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                 std::uint64_t seed);

}  // namespace payload
