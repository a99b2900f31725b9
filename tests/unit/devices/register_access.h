// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "devices/bus/bus_device.h"

namespace skiff::devices::test {

/// Reads a one-byte register that has to be there.
inline unsigned read8(BusDevice& device, std::uint64_t offset) {
    std::array<std::uint8_t, 1> data{};
    REQUIRE(device.read(offset, data) == Access::kDone);
    return data[0];
}

/// Writes a one-byte register that has to be there.
inline void write8(BusDevice& device, std::uint64_t offset, unsigned value) {
    const std::array<std::uint8_t, 1> data = {static_cast<std::uint8_t>(value)};
    REQUIRE(device.write(offset, data) == Access::kDone);
}

/// What the device says of a read and of a write of `size_bytes` zero bytes.
inline Access try_read(BusDevice& device, std::uint64_t offset, std::size_t size_bytes) {
    std::array<std::uint8_t, 8> data{};
    return device.read(offset, std::span(data).first(size_bytes));
}
inline Access try_write(BusDevice& device, std::uint64_t offset, std::size_t size_bytes) {
    const std::array<std::uint8_t, 8> data{};
    return device.write(offset, std::span(data).first(size_bytes));
}

}  // namespace skiff::devices::test
