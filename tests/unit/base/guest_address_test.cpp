// SPDX-License-Identifier: Apache-2.0
#include "base/guest_address.h"

#include <catch2/catch.hpp>

using skiff::GuestAddress;
using skiff::GuestRange;

TEST_CASE("Guest address arithmetic refuses to wrap") {
    REQUIRE(GuestAddress(1).checked_add(2) == GuestAddress(3));
    REQUIRE_FALSE(GuestAddress(UINT64_MAX).checked_add(1).has_value());
    REQUIRE(GuestAddress(5).offset_from(GuestAddress(3)) == 2U);
    REQUIRE_FALSE(GuestAddress(3).offset_from(GuestAddress(5)).has_value());
}

TEST_CASE("A range contains what lies wholly inside it") {
    constexpr GuestRange range{GuestAddress(0x1000), 0x1000};
    REQUIRE(range.contains(GuestAddress(0x1000), 0x1000));
    REQUIRE(range.contains(GuestAddress(0x2000), 0));
    REQUIRE_FALSE(range.contains(GuestAddress(0x2000)));
    REQUIRE_FALSE(range.contains(GuestAddress(0xfff), 2));
    REQUIRE_FALSE(range.contains(GuestAddress(0x1fff), 2));
    REQUIRE_FALSE(range.contains(GuestAddress(0x1001), UINT64_MAX));
}

TEST_CASE("Ranges overlap only where they share a byte") {
    constexpr GuestRange range{GuestAddress(0x1000), 0x1000};
    REQUIRE(range.overlaps({GuestAddress(0x1fff), 1}));
    REQUIRE_FALSE(range.overlaps({GuestAddress(0x2000), 1}));
    REQUIRE_FALSE(range.overlaps({GuestAddress(0x1800), 0}));
    REQUIRE_FALSE(range.overlaps({GuestAddress(0), 0x1000}));
}
