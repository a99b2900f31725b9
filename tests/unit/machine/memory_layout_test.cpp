// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/x86_64/memory_layout.h"

#include <catch2/catch.hpp>

using skiff::GuestAddress;
using skiff::GuestRange;
using skiff::kGiB;
using skiff::kMiB;
using skiff::machine::x86_64::ram_ranges;

TEST_CASE("RAM up to 3 GiB is one range from 0") {
    REQUIRE(ram_ranges(128 * kMiB) == std::vector{GuestRange{GuestAddress(0), 128 * kMiB}});
    REQUIRE(ram_ranges(3 * kGiB) == std::vector{GuestRange{GuestAddress(0), 3 * kGiB}});
}

TEST_CASE("RAM that does not fit below the device hole goes on at 4 GiB") {
    REQUIRE(ram_ranges(3 * kGiB + 4096) == std::vector{GuestRange{GuestAddress(0), 3 * kGiB},
                                                       GuestRange{GuestAddress(4 * kGiB), 4096}});
}
