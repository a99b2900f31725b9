// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/x86_64/page_walk.h"

#include <array>
#include <catch2/catch.hpp>

using namespace skiff;
using machine::x86_64::PagingMode;
using machine::x86_64::translate;

namespace {

constexpr std::uint64_t kPaging = 1U << 31;
constexpr std::uint64_t kPse = 1U << 4;
constexpr std::uint64_t kPae = 1U << 5;
constexpr std::uint64_t kLa57 = 1U << 12;
constexpr std::uint64_t kLma = 1U << 10;
constexpr std::uint64_t kPresent = 1;
constexpr std::uint64_t kLarge = 0x80;
constexpr std::uint64_t kNoExecute = std::uint64_t{1} << 63;

/// 1 MiB of memory whose page tables a test writes.
struct Tables {
    Tables() : memory(make()) {}
    static GuestMemory make() {
        const std::array ranges = {GuestRange{GuestAddress(0), 0x100000}};
        return *GuestMemory::create(ranges, MemoryBacking{});
    }
    void put64(std::uint64_t table, std::uint64_t index, std::uint64_t entry) {
        REQUIRE(memory.write(GuestAddress(table + 8 * index), entry));
    }
    void put32(std::uint64_t table, std::uint64_t index, std::uint32_t entry) {
        REQUIRE(memory.write(GuestAddress(table + 4 * index), entry));
    }
    std::optional<std::uint64_t> find(std::uint64_t address) const {
        const auto found = translate(memory, mode, address);
        return found ? std::optional(found->address.value()) : std::nullopt;
    }
    std::uint64_t left(std::uint64_t address) const {
        return translate(memory, mode, address)->left_in_page;
    }

    GuestMemory memory;
    PagingMode mode;
};

struct FourLevels : Tables {
    FourLevels() {
        // 0xffff'8880'4020'3xxx: entry 273 of level 4, 1 of level 3, 1 of level 2, 3 of level 1.
        mode = {.cr0 = kPaging | 1, .cr3 = 0x1018, .cr4 = kPae, .efer = kLma | 0x100};
        put64(0x1000, 273, 0x2000 | kPresent | kNoExecute);
        put64(0x2000, 1, 0x3000 | kPresent);
        put64(0x3000, 1, 0x4000 | kPresent);
        put64(0x4000, 3, 0x7000 | kPresent | kNoExecute);
    }
    static constexpr std::uint64_t kAddress = 0xffff888040203123;
};

}  // namespace

TEST_CASE("Without paging an address is its own") {
    Tables tables;
    tables.mode = {.cr0 = 0, .cr3 = 0, .cr4 = 0, .efer = 0};
    CHECK(tables.find(0xb8000) == 0xb8000);
    CHECK(tables.left(0xb8fff) == 1);
    CHECK_FALSE(tables.find(0x100000000).has_value());
}

TEST_CASE("Four levels lead to a page, whatever stands in the other bits") {
    FourLevels tables;
    CHECK(tables.find(FourLevels::kAddress) == 0x7123);
    CHECK(tables.left(FourLevels::kAddress) == 0x1000 - 0x123);
}

TEST_CASE("An entry that is not present ends the walk at each level") {
    for (const auto& [table, index] : std::array<std::pair<std::uint64_t, std::uint64_t>, 4>{
             {{0x1000, 273}, {0x2000, 1}, {0x3000, 1}, {0x4000, 3}}}) {
        FourLevels tables;
        tables.put64(table, index, 0x5000);
        CHECK_FALSE(tables.find(FourLevels::kAddress).has_value());
    }
}

TEST_CASE("A table outside of memory ends the walk") {
    FourLevels tables;
    tables.put64(0x3000, 1, 0x000f'ffff'ffff'f000 | kPresent);
    CHECK_FALSE(tables.find(FourLevels::kAddress).has_value());
    tables.mode.cr3 = 0x100000;
    CHECK_FALSE(tables.find(FourLevels::kAddress).has_value());
}

TEST_CASE("Large pages of 2 MiB and 1 GiB end the walk early") {
    FourLevels tables;
    tables.put64(0x3000, 1, 0x40000000 | kLarge | kPresent);
    CHECK(tables.find(FourLevels::kAddress) == 0x40003123);
    CHECK(tables.left(FourLevels::kAddress) == 0x200000 - 0x3123);
    tables.put64(0x2000, 1, 0x80000000 | kLarge | kPresent);
    CHECK(tables.find(FourLevels::kAddress) == 0x80203123);
}

TEST_CASE("The large bit of the lowest level is another one (PAT)") {
    FourLevels tables;
    tables.put64(0x4000, 3, 0x7000 | kLarge | kPresent);
    CHECK(tables.find(FourLevels::kAddress) == 0x7123);
}

TEST_CASE("An address that is not canonical is not mapped") {
    FourLevels tables;
    CHECK_FALSE(tables.find(FourLevels::kAddress & 0x0000'ffff'ffff'ffff).has_value());
    CHECK_FALSE(tables.find(0x0000'8000'0000'0000).has_value());
}

TEST_CASE("Five levels begin one level higher") {
    FourLevels tables;
    tables.mode.cr4 |= kLa57;
    tables.mode.cr3 = 0x9000;
    tables.put64(0x9000, 511, 0x1000 | kPresent);
    CHECK(tables.find(FourLevels::kAddress) == 0x7123);
    tables.put64(0x9000, 1, 0x1000 | kPresent);
    // Bit 48 chooses entry 1 of level 5.
    CHECK(tables.find((FourLevels::kAddress & 0x0000'ffff'ffff'ffff) | 0x0001'0000'0000'0000) ==
          0x7123);
}

TEST_CASE("PAE has four pointers, and CR3 is aligned to 32 bytes") {
    Tables tables;
    tables.mode = {.cr0 = kPaging | 1, .cr3 = 0x1020, .cr4 = kPae, .efer = 0};
    tables.put64(0x1020, 3, 0x3000 | kPresent);
    tables.put64(0x3000, 0, 0x4000 | kPresent);
    tables.put64(0x4000, 2, 0x1'2345'6000 | kPresent | kNoExecute);
    CHECK(tables.find(0xc0002abc) == 0x1'2345'6abc);
    tables.put64(0x3000, 0, 0x600000 | kLarge | kPresent);
    CHECK(tables.find(0xc0002abc) == 0x602abc);
    CHECK_FALSE(tables.find(0x00002abc).has_value());
    CHECK_FALSE(tables.find(0x1'c0002abc).has_value());
}

TEST_CASE("32-bit paging has two levels, and large pages only where CR4 says so") {
    Tables tables;
    tables.mode = {.cr0 = kPaging | 1, .cr3 = 0x1000, .cr4 = 0, .efer = 0};
    tables.put32(0x1000, 768, 0x2000 | kPresent | kLarge);
    tables.put32(0x2000, 5, 0x6000 | kPresent);
    CHECK(tables.find(0xc0005123) == 0x6123);
    tables.mode.cr4 = kPse;
    tables.put32(0x1000, 768, 0x00400000 | kPresent | kLarge);
    CHECK(tables.find(0xc0005123) == 0x405123);
    CHECK(tables.left(0xc0005123) == 0x400000 - 0x5123);
    tables.put32(0x1000, 768, 0x00400000 | 1U << 13 | kPresent | kLarge);
    CHECK(tables.find(0xc0005123) == 0x1'0040'5123);
}
