// SPDX-License-Identifier: Apache-2.0
#include "devices/debug_exit.h"

#include <catch2/catch.hpp>

#include <array>
#include <span>
#include <vector>

#include "register_access.h"

namespace skiff::devices {

TEST_CASE("Debug exit: a write of one, two or four bytes hands its value over") {
    std::vector<std::uint32_t> values;
    DebugExit device([&](std::uint32_t value) { values.push_back(value); });
    const std::array<std::uint8_t, 4> data = {0x78, 0x56, 0x34, 0xf2};
    for (const std::size_t width : {1U, 2U, 4U}) {
        REQUIRE(device.write(0, std::span(data).first(width)) == Access::kDone);
    }
    REQUIRE(values == std::vector<std::uint32_t>{0x78, 0x5678, 0xf2345678});
}

TEST_CASE("Debug exit: refuses reads, eight bytes, and writes beside its register") {
    unsigned calls = 0;
    DebugExit device([&](std::uint32_t) { ++calls; });
    REQUIRE(test::try_write(device, 0, 8) == Access::kBadWidth);
    REQUIRE(test::try_write(device, 1, 1) == Access::kUnknownRegister);
    REQUIRE(test::try_write(device, 2, 2) == Access::kUnknownRegister);
    REQUIRE(test::try_read(device, 0, 1) == Access::kUnknownRegister);
    REQUIRE(test::try_read(device, 0, 4) == Access::kUnknownRegister);
    REQUIRE(calls == 0);
}

}  // namespace skiff::devices
