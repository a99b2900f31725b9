// SPDX-License-Identifier: Apache-2.0
#include "boot/elf.h"

#include "image_files.h"

namespace skiff::boot::test {
namespace {

using Catch::Matchers::Contains;

// Offsets in Elf64_Ehdr and in the first Elf64_Phdr behind it.
constexpr std::size_t kPhoff = 32;
constexpr std::size_t kPhentsize = 54;
constexpr std::size_t kPhnum = 56;
constexpr std::size_t kSegmentOffset = 64 + 8;
constexpr std::size_t kSegmentPhysical = 64 + 24;
constexpr std::size_t kSegmentFileSize = 64 + 32;
constexpr std::size_t kSegmentMemorySize = 64 + 40;

ElfBuilder sound_elf() {
    ElfBuilder builder;
    builder.entry(0x100010).segment({0x100000, pattern(5000), 9000}).pvh_entry(0x100020);
    return builder;
}

std::string error_of(const Bytes& bytes) {
    return user_error(parse_elf(file_of(bytes)));
}

}  // namespace

TEST_CASE("ELF parser reads segments, entry and PVH entry of a 64-bit kernel") {
    const auto image = parse_elf(file_of(sound_elf().build()));
    REQUIRE(image.ok());
    CHECK(image->is_64_bit);
    CHECK(image->entry == 0x100010);
    REQUIRE(image->segments.size() == 1);
    CHECK(image->segments[0].file_offset == 4096);
    CHECK(image->segments[0].file_size == 5000);
    CHECK(image->segments[0].memory_size == 9000);
    CHECK(image->pvh_entry == 0x100020);
    CHECK_FALSE(image->pvh_relocation.has_value());
    CHECK(image->lowest_address() == 0x100000);
    CHECK(image->end_address() == 0x100000 + 9000);
}

TEST_CASE("ELF parser reads 32-bit kernels and translates a virtual entry") {
    ElfBuilder builder(32);
    builder.entry(0xc1000010).segment({0x1000000, pattern(100), 0, 0xc1000000});
    const auto image = parse_elf(file_of(builder.build()));
    REQUIRE(image.ok());
    CHECK_FALSE(image->is_64_bit);
    CHECK(image->entry == 0x1000010);
    CHECK_FALSE(image->pvh_entry.has_value());
}

TEST_CASE("ELF parser takes PVH entries of 4 and 8 bytes only") {
    for (const std::size_t size : {0U, 3U, 4U, 5U, 8U, 16U}) {
        Bytes description(size);
        if (size >= 4) {
            poke<std::uint32_t>(description, 0, 0x1234);
        }
        ElfBuilder builder;
        builder.segment({0x100000, pattern(16)}).xen_note(18, description);
        const auto image = parse_elf(file_of(builder.build()));
        REQUIRE(image.ok());
        CHECK(image->pvh_entry.has_value() == (size == 4 || size == 8));
        if (image->pvh_entry.has_value()) {
            CHECK(*image->pvh_entry == 0x1234);
        }
    }
}

TEST_CASE("ELF parser reads PHYS32_RELOC with its defaults") {
    Bytes description(12);
    poke<std::uint32_t>(description, 0, 0x400000);
    poke<std::uint32_t>(description, 4, 0x200000);
    poke<std::uint32_t>(description, 8, 0x3fffffff);
    ElfBuilder full;
    full.segment({0x100000, pattern(16)}).xen_note(19, description);
    const auto image = parse_elf(file_of(full.build()));
    REQUIRE(image.ok());
    REQUIRE(image->pvh_relocation.has_value());
    CHECK(image->pvh_relocation->alignment == 0x400000);
    CHECK(image->pvh_relocation->lowest == 0x200000);
    CHECK(image->pvh_relocation->highest_end == 0x40000000);

    ElfBuilder bare;
    bare.segment({0x100000, pattern(16), 0, 0x100000, 1}).xen_note(19, {});
    const auto defaults = parse_elf(file_of(bare.build()));
    REQUIRE(defaults.ok());
    REQUIRE(defaults->pvh_relocation.has_value());
    CHECK(defaults->pvh_relocation->alignment == 0x200000);
    CHECK(defaults->pvh_relocation->highest_end == 0x100000000);

    poke<std::uint32_t>(description, 0, 0x300000);
    ElfBuilder odd;
    odd.segment({0x100000, pattern(16)}).xen_note(19, description);
    const auto refused = parse_elf(file_of(odd.build()));
    REQUIRE(refused.ok());
    CHECK_FALSE(refused->pvh_relocation.has_value());
}

TEST_CASE("ELF parser survives notes that lie about their sizes") {
    for (const std::uint32_t name_size : {0U, 4U, 0x7fffffffU, 0xfffffffdU, 0xffffffffU}) {
        for (const std::uint32_t description_size : {0U, 8U, 9U, 0xfffffffdU, 0xffffffffU}) {
            Bytes note(24);
            poke(note, 0, name_size);
            poke(note, 4, description_size);
            poke<std::uint32_t>(note, 8, 18);
            ElfBuilder builder;
            builder.segment({0x100000, pattern(16)}).raw_note(note);
            const auto image = parse_elf(file_of(builder.build()));
            REQUIRE(image.ok());
            CHECK_FALSE(image->pvh_entry.has_value());
        }
    }
}

TEST_CASE("ELF parser says what an unsuitable ELF file is") {
    CHECK_THAT(error_of(sound_elf().machine(183).build()), Contains("aarch64"));
    CHECK_THAT(error_of(sound_elf().machine(9999).build()), Contains("machine 9999"));
    CHECK_THAT(error_of(sound_elf().type(1).build()), Contains("object file"));
    CHECK_THAT(error_of(sound_elf().type(3).build()), Contains("shared object"));
    CHECK_THAT(error_of(sound_elf().type(4).build()), Contains("core dump"));
    CHECK_THAT(error_of(ElfBuilder().build()), Contains("without program headers"));
    CHECK_THAT(error_of(ElfBuilder().pvh_entry(0).build()), Contains("nothing to load"));
    Bytes big_endian = sound_elf().build();
    big_endian[5] = 2;
    CHECK_THAT(error_of(big_endian), Contains("big-endian"));
    CHECK_THAT(error_of({}), Contains("not an ELF file"));
}

TEST_CASE("ELF parser refuses a file cut off anywhere") {
    const Bytes whole = sound_elf().build();
    for (const std::size_t size : {3UL, 16UL, 40UL, 63UL, 64UL, 100UL, 119UL, 4096UL, 9000UL}) {
        Bytes cut = whole;
        cut.resize(size);
        CHECK_FALSE(parse_elf(file_of(cut)).ok());
    }
    Bytes cut = whole;
    cut.resize(9000);
    CHECK_THAT(error_of(cut), Contains("cut off"));
}

TEST_CASE("ELF parser refuses hostile program headers") {
    const auto with = [](std::size_t offset, auto value) {
        Bytes bytes = sound_elf().build();
        poke(bytes, offset, value);
        return bytes;
    };
    constexpr std::uint64_t kHuge = ~std::uint64_t{0};
    CHECK_THAT(error_of(with(kPhoff, kHuge)), Contains("cut off"));
    CHECK_THAT(error_of(with(kPhoff, kHuge - 60)), Contains("cut off"));
    CHECK_THAT(error_of(with(kPhentsize, std::uint16_t{1})), Contains("1 bytes long"));
    CHECK_THAT(error_of(with(kPhnum, std::uint16_t{0xffff})), Contains("65535"));
    CHECK_THAT(error_of(with(kSegmentOffset, kHuge)), Contains("cut off"));
    CHECK_THAT(error_of(with(kSegmentFileSize, kHuge)), Contains("cut off"));
    CHECK_THAT(error_of(with(kSegmentMemorySize, std::uint64_t{10})), Contains("than in memory"));
    CHECK_THAT(error_of(with(kSegmentMemorySize, kHuge)), Contains("wraps around"));
    CHECK_THAT(error_of(with(kSegmentPhysical, kHuge)), Contains("wraps around"));
}

TEST_CASE("ELF parser refuses a 32-bit segment that leaves 32 bits") {
    ElfBuilder builder(32);
    builder.segment({0xfffff000, pattern(16), 0x2000});
    CHECK_THAT(error_of(builder.build()), Contains("wraps around"));
}

}  // namespace skiff::boot::test
