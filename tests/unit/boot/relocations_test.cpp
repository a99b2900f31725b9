// SPDX-License-Identifier: Apache-2.0
#include "boot/relocations.h"

#include "image_files.h"

namespace skiff::boot::test {
namespace {

using Catch::Matchers::Contains;

constexpr std::uint64_t kKernelMap = 0xffffffff80000000;

/// An ELF with these words behind it.
File with_tables(const std::vector<std::uint32_t>& words, unsigned bits = 64) {
    Bytes bytes = ElfBuilder(bits).segment({0x1000000, pattern(4096)}).build();
    for (const std::uint32_t word : words) {
        bytes.resize(bytes.size() + 4);
        poke(bytes, bytes.size() - 4, word);
    }
    return file_of(bytes);
}

RelocationTarget target_at(std::uint64_t physical_displacement,
                           std::uint64_t virtual_displacement) {
    RelocationTarget target;
    target.virtual_offset = kKernelMap;
    target.image = {GuestAddress(0x1000000 + physical_displacement), 4096};
    target.physical_displacement = physical_displacement;
    target.virtual_displacement = virtual_displacement;
    return target;
}

}  // namespace

TEST_CASE("Relocation tables of a 64-bit kernel are three, or two since Linux 6.15") {
    const auto three = read_relocations(with_tables({0, 1, 2, 0, 3, 0, 4, 5, 6}), true);
    REQUIRE(three.ok());
    CHECK(three->add_64 == std::vector<std::uint32_t>{1, 2});
    CHECK(three->subtract_32 == std::vector<std::uint32_t>{3});
    CHECK(three->add_32 == std::vector<std::uint32_t>{4, 5, 6});
    const auto two = read_relocations(with_tables({0, 1, 2, 0, 4}), true);
    REQUIRE(two.ok());
    CHECK(two->add_64 == std::vector<std::uint32_t>{1, 2});
    CHECK(two->subtract_32.empty());
    CHECK(two->add_32 == std::vector<std::uint32_t>{4});
}

TEST_CASE("Relocation tables of a 32-bit kernel are one") {
    const auto tables = read_relocations(with_tables({0, 7, 8}, 32), false);
    REQUIRE(tables.ok());
    CHECK(tables->add_32 == std::vector<std::uint32_t>{7, 8});
    CHECK(tables->add_64.empty());
}

TEST_CASE("Relocation tables may be missing, but not broken") {
    const auto none = read_relocations(with_tables({}), true);
    REQUIRE(none.ok());
    CHECK(none->empty());
    CHECK_THAT(user_error(read_relocations(with_tables({1, 0, 2, 0, 3}), true)),
               Contains("do not begin with a zero"));
    CHECK_THAT(user_error(read_relocations(with_tables({0, 1}), true)), Contains("there are 1"));
    CHECK_THAT(user_error(read_relocations(with_tables({0, 0, 0, 0}), true)),
               Contains("more than three"));
    CHECK_THAT(user_error(read_relocations(with_tables({0, 1, 0, 2}, 32), false)),
               Contains("there are 2"));
}

TEST_CASE("Relocating adjusts each kind of value by the virtual displacement") {
    GuestMemory memory = ram(32 * kMiB);
    REQUIRE(memory.write(GuestAddress(0x1200010), std::uint64_t{0xffffffff81000100}));
    REQUIRE(memory.write(GuestAddress(0x1200021), std::uint32_t{0x81000200}));
    REQUIRE(memory.write(GuestAddress(0x1200030), std::uint32_t{0x1000}));
    RelocationTables tables;
    tables.add_64 = {0x81000010};
    tables.add_32 = {0x81000021};
    tables.subtract_32 = {0x81000030};
    REQUIRE(apply_relocations(memory, tables, target_at(0x200000, 0x400000)).ok());
    CHECK(memory.read<std::uint64_t>(GuestAddress(0x1200010)) == 0xffffffff81400100);
    CHECK(memory.read<std::uint32_t>(GuestAddress(0x1200021)) == 0x81400200);
    CHECK(memory.read<std::uint32_t>(GuestAddress(0x1200030)) == 0x1000U - 0x400000U);
}

TEST_CASE("Relocating refuses entries outside of the kernel and changes nothing there") {
    GuestMemory memory = ram(32 * kMiB);
    for (const std::uint32_t entry : {0x80ffffffU, 0x81000ffdU, 0x81001000U, 0x1000000U, 1U}) {
        RelocationTables tables;
        tables.add_32 = {entry};
        CHECK_THAT(user_error(apply_relocations(memory, tables, target_at(0, 0x200000))),
                   Contains("outside of the kernel"));
    }
    CHECK(guest_bytes(memory, 0x1000ff0, 32) == Bytes(32));
}

}  // namespace skiff::boot::test
