// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <type_traits>
#include <vector>

namespace skiff::boot {

/// Appends a wire structure (packed, little-endian) as its bytes.
template <typename T>
requires std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>
void append_wire(std::vector<std::uint8_t>& to, const T& value) {
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&value);
    to.insert(to.end(), bytes, bytes + sizeof value);
}

/// What makes the bytes' sum 0 modulo 256 when it is added to it: the checksum of ACPI and MP
/// tables.
inline std::uint8_t checksum_of(const std::vector<std::uint8_t>& bytes) {
    std::uint8_t sum = 0;
    for (const std::uint8_t byte : bytes) {
        sum = static_cast<std::uint8_t>(sum + byte);
    }
    return static_cast<std::uint8_t>(-sum);
}

}  // namespace skiff::boot
