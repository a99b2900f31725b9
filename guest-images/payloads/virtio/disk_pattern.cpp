// SPDX-License-Identifier: Apache-2.0
#include "virtio/disk_pattern.h"

namespace payload {

void fill_pattern(std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                  std::uint64_t seed) {
    auto* words = reinterpret_cast<volatile std::uint64_t*>(address);
    std::uint64_t value = pattern_word(offset, seed);
    const std::uint64_t step = seed == 0 ? 0 : kPatternMultiplier;
    for (std::uint64_t i = 0; i < size / 8; ++i) {
        words[i] = value;
        value += step;
    }
}

std::uint64_t first_difference(std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                               std::uint64_t seed) {
    const auto* words = reinterpret_cast<const volatile std::uint64_t*>(address);
    std::uint64_t value = pattern_word(offset, seed);
    const std::uint64_t step = seed == 0 ? 0 : kPatternMultiplier;
    for (std::uint64_t i = 0; i < size / 8; ++i) {
        if (words[i] != value) {
            return i * 8;
        }
        value += step;
    }
    return size;
}

bool has_pattern(std::uint64_t address, std::uint64_t size, std::uint64_t offset,
                 std::uint64_t seed) {
    asm volatile("" : : : "memory");  // The device wrote there.
    const auto* words = reinterpret_cast<const std::uint64_t*>(address);
    const std::uint64_t step = seed == 0 ? 0 : kPatternMultiplier;
    std::uint64_t value = pattern_word(offset, seed);
    std::uint64_t different = 0;
    for (const std::uint64_t* const end = words + size / 8; words < end; words += 4) {
        different |= (words[0] ^ value) | (words[1] ^ (value + step)) |
                     (words[2] ^ (value + 2 * step)) | (words[3] ^ (value + 3 * step));
        value += 4 * step;
    }
    return different == 0;
}

}  // namespace payload
