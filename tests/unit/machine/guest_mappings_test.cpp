// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/dump/guest_mappings.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

#include "base/units.h"
#include "vmm/machine/dump/core_notes.h"

using skiff::GuestAddress;
using skiff::GuestMemory;
using skiff::kMiB;
using skiff::machine::direct_map_offset;
using skiff::machine::guest_mappings;
using skiff::machine::GuestMapping;
using skiff::machine::x86_64::PagingMode;

namespace {

constexpr std::uint64_t kTable = 3;  // present, writable
constexpr std::uint64_t kLarge = 0x83;
constexpr PagingMode kLongMode{.cr0 = 0x80000001, .cr3 = 0x1000, .cr4 = 0x20, .efer = 0x500};

GuestMemory ram(std::uint64_t size) {
    const std::array ranges{skiff::GuestRange{GuestAddress(0), size}};
    auto memory = GuestMemory::create(ranges, {});
    REQUIRE(memory.ok());
    return *std::move(memory);
}

void put(GuestMemory& memory, std::uint64_t table, std::size_t index, std::uint64_t entry) {
    REQUIRE(memory.write(GuestAddress(table + index * 8),
                         {reinterpret_cast<const std::uint8_t*>(&entry), sizeof entry}));
}

std::string text(const std::vector<GuestMapping>& mappings) {
    std::string result;
    for (const GuestMapping& mapping : mappings) {
        std::array<char, 80> line{};
        std::snprintf(line.data(), line.size(), "%lx->%lx+%lx ", mapping.virtual_address,
                      mapping.physical_address, mapping.size);
        result += line.data();
    }
    return result;
}

}  // namespace

TEST_CASE("Without paging, memory is where it is") {
    const GuestMemory memory = ram(4 * kMiB);
    CHECK(text(guest_mappings(memory, {})) == "0->0+400000 ");
    CHECK(direct_map_offset(guest_mappings(memory, {})) == 0);
}

TEST_CASE("Pages that follow each other are one mapping, and the kernel's view is found") {
    GuestMemory memory = ram(8 * kMiB);
    // ffff888000000000: two large pages from 0; ffffffff80000000: one small page.
    put(memory, 0x1000, 273, 0x2000 | kTable);
    put(memory, 0x2000, 0, 0x3000 | kTable);
    put(memory, 0x3000, 0, 0x000000 | kLarge);
    put(memory, 0x3000, 1, 0x200000 | kLarge);
    put(memory, 0x3000, 3, 0x600000 | kLarge);
    put(memory, 0x1000, 511, 0x4000 | kTable);
    put(memory, 0x4000, 510, 0x5000 | kTable);
    put(memory, 0x5000, 0, 0x6000 | kTable);
    put(memory, 0x6000, 0, 0x234000 | kTable);
    const auto mappings = guest_mappings(memory, kLongMode);
    CHECK(text(mappings) ==
          "ffff888000000000->0+400000 ffff888000600000->600000+200000 "
          "ffffffff80000000->234000+1000 ");
    CHECK(direct_map_offset(mappings) == 0xffff888000000000);
}

TEST_CASE("What is not RAM is left out, also in part") {
    GuestMemory memory = ram(4 * kMiB);
    put(memory, 0x1000, 0, 0x2000 | kTable);
    put(memory, 0x2000, 0, 0x0 | kLarge);                 // 1 GiB, of which 4 MiB are there
    put(memory, 0x2000, 1, 0xd0000000 | kLarge);          // devices
    put(memory, 0x2000, 2, 0xfffffffff000 | kTable);      // a table outside
    put(memory, 0x1000, 5, 0x000ffffffffff000 | kTable);  // and another
    CHECK(text(guest_mappings(memory, kLongMode)) == "0->0+400000 ");
}

TEST_CASE("Tables that refer to each other in circles end, and give a bounded list") {
    GuestMemory memory = ram(8 * kMiB);
    for (std::size_t i = 0; i < 512; ++i) {
        put(memory, 0x1000, i, 0x1000 | kTable);
    }
    CHECK(guest_mappings(memory, kLongMode).size() <= skiff::machine::kMaxGuestMappings);
    // Pages that never follow each other.
    for (std::size_t i = 0; i < 512; ++i) {
        put(memory, 0x1000, i, (i % 2 == 0 ? 0x1000 : 0x2000) | kTable);
        put(memory, 0x2000, i, (511 - i) << 12 | kTable);
    }
    CHECK(guest_mappings(memory, kLongMode).size() == skiff::machine::kMaxGuestMappings);
}

TEST_CASE("A hundred million tables that map no memory are not all looked at") {
    GuestMemory memory = ram(4 * kMiB);
    for (std::size_t i = 0; i < 512; ++i) {
        put(memory, 0x1000, i, 0x2000 | kTable);
        put(memory, 0x2000, i, 0x3000 | kTable);
        put(memory, 0x3000, i, 0x4000 | kTable);
        put(memory, 0x4000, i, 0xd0000000 | kTable);
    }
    CHECK(guest_mappings(memory, kLongMode).empty());
}

TEST_CASE("VMCOREINFO is known by its beginning, and taken only where it is text") {
    using skiff::machine::vmcoreinfo_in;
    const auto found = [](std::string page) {
        page.resize(4096);
        return std::string(
            vmcoreinfo_in({reinterpret_cast<const std::uint8_t*>(page.data()), page.size()}));
    };
    const std::string sound = "OSRELEASE=6.1.0\nPAGESIZE=4096\nSYMBOL(init_uts_ns)=ffffffff82\n";
    CHECK(found(sound) == sound);
    CHECK(found("x" + sound).empty());
    CHECK(found("OSRELEASE=6.1.0\n").empty());
    CHECK(found("OSRELEASE=6.1.0\nPAGESIZE=4096\n\x1b[2J").empty());
    CHECK(found("").empty());
}
