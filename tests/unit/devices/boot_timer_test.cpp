// SPDX-License-Identifier: Apache-2.0
#include "devices/boot_timer.h"

#include <catch2/catch.hpp>

#include "register_access.h"

namespace skiff::devices {

TEST_CASE("Boot timer: takes single bytes at its register, and is not read") {
    BootTimer device(BootTimer::Start::now());
    CHECK(test::try_write(device, 0, 1) == Access::kDone);
    CHECK(test::try_write(device, 0, 4) == Access::kBadWidth);
    CHECK(test::try_write(device, 1, 1) == Access::kUnknownRegister);
    CHECK(test::try_read(device, 0, 1) == Access::kUnknownRegister);
}

}  // namespace skiff::devices
