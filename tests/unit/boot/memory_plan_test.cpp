// SPDX-License-Identifier: Apache-2.0
#include "boot/memory_plan.h"

#include "image_files.h"

namespace skiff::boot::test {
namespace {

using Catch::Matchers::Contains;

constexpr GuestRange kReserved{GuestAddress(0x9fc00), 0x100000 - 0x9fc00};

GuestRange range(std::uint64_t start, std::uint64_t size) {
    return {GuestAddress(start), size};
}

}  // namespace

TEST_CASE("Memory plan refuses what is not RAM, is reserved, or wraps") {
    const GuestMemory memory = ram(16 * kMiB);
    MemoryPlan plan(memory, kReserved);
    CHECK(plan.claim("low", range(0, 0x9fc00)).ok());
    CHECK_THAT(user_error(plan.claim("bios", range(0xe0000, 16))), Contains("bios at 0xe0000"));
    CHECK_THAT(user_error(plan.claim("across", range(0xff000, 0x2000))), Contains("not inside"));
    CHECK_THAT(user_error(plan.claim("end", range(16 * kMiB - 8, 16))), Contains("0x1000000"));
    CHECK_THAT(user_error(plan.claim("wrap", range(~0ULL, 2))), Contains("wraps"));
}

TEST_CASE("Memory plan names both sides of an overlap") {
    const GuestMemory memory = ram(16 * kMiB);
    MemoryPlan plan(memory, kReserved);
    REQUIRE(plan.claim("first", range(0x200000, 0x1000)).ok());
    CHECK(plan.claim("neighbour", range(0x201000, 0x1000)).ok());
    CHECK_THAT(user_error(plan.claim("second", range(0x200fff, 1))),
               Contains("second") && Contains("first"));
    CHECK(plan.is_free(range(0x1ff000, 0x1000)));
    CHECK_FALSE(plan.is_free(range(0x1ff000, 0x1001)));
}

TEST_CASE("Memory plan finds the highest free place below a limit") {
    const GuestMemory memory = ram(16 * kMiB);
    MemoryPlan plan(memory, kReserved);
    CHECK(plan.find_highest(0x1000, 0x1000, ~0ULL) == GuestAddress(0xfff000));
    CHECK(plan.find_highest(0x1000, 0x1000, 0x800800) == GuestAddress(0x7ff000));
    REQUIRE(plan.claim("top", range(0xf00000, 0x100000)).ok());
    CHECK(plan.find_highest(0x1000, 0x1000, ~0ULL) == GuestAddress(0xeff000));
    CHECK(plan.find_highest(15 * kMiB, 0x1000, ~0ULL) == std::nullopt);
    CHECK(plan.find_highest(14 * kMiB, 0x1000, ~0ULL) == GuestAddress(0x100000));
    CHECK(plan.find_highest(~0ULL, 0x1000, ~0ULL) == std::nullopt);
    CHECK(plan.find_highest(0x1000, 0x1000, 0x800) == std::nullopt);
}

TEST_CASE("Memory plan finds the lowest free place above a limit") {
    const GuestMemory memory = ram(16 * kMiB);
    MemoryPlan plan(memory, kReserved);
    CHECK(plan.find_lowest(0x1000, 0x200000, 0x100000) == GuestAddress(0x200000));
    REQUIRE(plan.claim("there", range(0x200000, 0x1000)).ok());
    CHECK(plan.find_lowest(0x1000, 0x200000, 0x100000) == GuestAddress(0x400000));
    CHECK(plan.find_lowest(0x1000, 0x1000, 0) == GuestAddress(0));
    CHECK(plan.find_lowest(16 * kMiB, 0x1000, 0) == std::nullopt);
    CHECK(plan.find_lowest(1, 0x200000, ~0ULL) == std::nullopt);
}

TEST_CASE("Memory plan searches RAM above 4 GiB too, but not the hole") {
    const GuestMemory memory = ram(5 * kGiB);
    const MemoryPlan plan(memory, kReserved);
    CHECK(plan.find_highest(0x1000, 0x1000, ~0ULL) == GuestAddress(6 * kGiB - 0x1000));
    CHECK(plan.find_highest(0x1000, 0x1000, 4 * kGiB) == GuestAddress(3 * kGiB - 0x1000));
    CHECK(plan.find_lowest(0x1000, 0x1000, 3 * kGiB) == GuestAddress(4 * kGiB));
}

}  // namespace skiff::boot::test
