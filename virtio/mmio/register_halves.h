// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// 64-bit values behind pairs of 32-bit registers.
namespace skiff::virtio::mmio {

constexpr std::uint32_t low_half(std::uint64_t value) {
    return static_cast<std::uint32_t>(value);
}

constexpr std::uint32_t high_half(std::uint64_t value) {
    return static_cast<std::uint32_t>(value >> 32);
}

/// `value` with its low half replaced.
constexpr std::uint64_t with_low_half(std::uint64_t value, std::uint32_t half) {
    return (value & ~std::uint64_t{0xffff'ffff}) | half;
}

/// `value` with its high half replaced.
constexpr std::uint64_t with_high_half(std::uint64_t value, std::uint32_t half) {
    return (value & 0xffff'ffff) | (std::uint64_t{half} << 32);
}

}  // namespace skiff::virtio::mmio
