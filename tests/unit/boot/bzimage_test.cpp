// SPDX-License-Identifier: Apache-2.0
#include "boot/bzimage.h"

#include "image_files.h"
#include "tests/support/bzimage_builder.h"

namespace skiff::boot::test {
namespace {

using Catch::Matchers::Contains;
using skiff::test::BzImageBuilder;

Bytes elf() {
    return ElfBuilder().segment({0x1000000, pattern(70000)}).build();
}

BzImage parsed(const BzImageBuilder& builder) {
    auto image = parse_bzimage(file_of(builder.build()));
    REQUIRE(image.ok());
    return *std::move(image);
}

std::string parse_error(const Bytes& bytes) {
    return user_error(parse_bzimage(file_of(bytes)));
}

std::string unpack_error(const Bytes& bytes, std::uint64_t limit = kMiB) {
    const File file = file_of(bytes);
    const auto image = parse_bzimage(file);
    REQUIRE(image.ok());
    return user_error(unpack_payload(file, *image, limit));
}

}  // namespace

TEST_CASE("bzImage parser honours every field of its set-up header") {
    BzImageBuilder builder;
    builder.packed_payload(Compression::kGzip, elf());
    const BzImage image = parsed(builder);
    CHECK(image.version == 0x020f);
    CHECK(image.kernel_version == "6.1.0-test (someone@somewhere) #1 SMP");
    CHECK(image.protected_mode_offset == BzImageBuilder::kProtectedModeOffset);
    CHECK(image.payload_offset ==
          BzImageBuilder::kProtectedModeOffset + BzImageBuilder::kPrefixBytes);
    CHECK(image.cmdline_limit == 2047);
    CHECK(image.initrd_highest_byte == 0x7fffffff);
    CHECK(image.relocatable);
    CHECK(image.alignment == 0x200000);
    CHECK(image.min_alignment == 0x200000);
    CHECK(image.pref_address == 0x1000000);
    CHECK(image.init_size == 0x100000);
    CHECK(image.has_64_bit_entry);
}

TEST_CASE("bzImage parser assumes boot.rst's defaults for fields that older protocols lack") {
    BzImageBuilder builder;
    builder.payload(Bytes(64));
    builder.header().version = 0x0202;
    const BzImage oldest = parsed(builder);
    CHECK(oldest.cmdline_limit == 255);
    CHECK(oldest.initrd_highest_byte == 0x37ffffff);
    CHECK_FALSE(oldest.relocatable);
    CHECK(oldest.payload_size == 0);
    CHECK(oldest.pref_address == 0x100000);
    CHECK(oldest.init_size == 0);
    CHECK_FALSE(oldest.has_64_bit_entry);

    builder.header().version = 0x0205;
    CHECK(parsed(builder).relocatable);
    CHECK(parsed(builder).cmdline_limit == 255);
    builder.header().version = 0x0206;
    CHECK(parsed(builder).cmdline_limit == 2047);
    CHECK(parsed(builder).payload_size == 0);
    builder.header().version = 0x0208;
    CHECK(parsed(builder).payload_size == 64);
    builder.header().version = 0x020a;
    CHECK(parsed(builder).pref_address == 0x1000000);
    CHECK_FALSE(parsed(builder).has_64_bit_entry);
    builder.header().version = 0x020c;
    CHECK(parsed(builder).has_64_bit_entry);
}

TEST_CASE("bzImage parser takes setup_sects 0 for 4") {
    Bytes bytes = BzImageBuilder().build();
    bytes.resize(8192);
    bytes[0x1f1] = 0;
    poke<std::uint32_t>(bytes, 0x1f4, (8192 - 5 * 512) / 16);
    const auto image = parse_bzimage(file_of(bytes));
    REQUIRE(image.ok());
    CHECK(image->protected_mode_offset == 5 * 512);
}

TEST_CASE("bzImage parser reads only as much header as the jump instruction spans") {
    BzImageBuilder builder;
    Bytes bytes = builder.build();
    bytes[0x201] = 0x258 - 0x202;
    const auto image = parse_bzimage(file_of(bytes));
    REQUIRE(image.ok());
    CHECK(image->init_size == 0);
    CHECK(image->pref_address == 0x100000);
}

TEST_CASE("bzImage parser keeps control characters out of the version text") {
    BzImageBuilder builder;
    builder.version_text("6.1\x1b[31m\n");
    CHECK(parsed(builder).kernel_version == "6.1?[31m?");
    builder.header().kernel_version = 0xffff;
    CHECK(parsed(builder).kernel_version.empty());
}

TEST_CASE("bzImage parser refuses hostile headers") {
    BzImageBuilder builder;
    builder.payload(Bytes(64));
    builder.header().version = 0x0201;
    CHECK_THAT(parse_error(builder.build()), Contains("2.01 is older"));
    builder.header().version = 0x020f;
    builder.header().loadflags = 0;
    CHECK_THAT(parse_error(builder.build()), Contains("zImage"));
    builder.header().loadflags = kLoadedHigh;
    for (const std::uint32_t alignment : {0U, 3U, 0xffffffffU}) {
        builder.header().kernel_alignment = alignment;
        CHECK_THAT(parse_error(builder.build()), Contains("power of two"));
    }
    builder.header().kernel_alignment = 0x200000;
    builder.header().syssize = 0xffffffff;
    CHECK_THAT(parse_error(builder.build()), Contains("cut off"));
    builder.header().syssize = 0;
    for (const std::uint32_t length : {65536U, 0xffffffffU}) {
        builder.header().payload_offset = 16;
        builder.header().payload_length = length;
        CHECK_THAT(parse_error(builder.build()), Contains("outside"));
    }
    builder.header().payload_offset = 0xffffffff;
    builder.header().payload_length = 1;
    CHECK_THAT(parse_error(builder.build()), Contains("outside"));
}

TEST_CASE("bzImage parser refuses a file cut off anywhere") {
    const Bytes whole = BzImageBuilder().packed_payload(Compression::kXz, elf()).build();
    for (const std::size_t size : {0x205UL, 0x206UL, 0x28fUL, 0x290UL, 1536UL, whole.size() - 16}) {
        Bytes cut = whole;
        cut.resize(size);
        CHECK_FALSE(parse_bzimage(file_of(cut)).ok());
    }
}

TEST_CASE("bzImage payload is unpacked from every format") {
    const Bytes content = elf();
    for (const Compression compression :
         {Compression::kGzip, Compression::kXz, Compression::kLzma, Compression::kZstd,
          Compression::kLz4Legacy, Compression::kBzip2}) {
        INFO(compression_name(compression));
        const File file = file_of(BzImageBuilder().packed_payload(compression, content).build());
        const auto image = parse_bzimage(file);
        REQUIRE(image.ok());
        const auto found = payload_compression(file, *image);
        REQUIRE(found.ok());
        CHECK(*found == compression);
        const auto unpacked = unpack_payload(file, *image, kMiB);
        REQUIRE(unpacked.ok());
        REQUIRE(unpacked->has_value());
        CHECK((*unpacked)->read_up_to(0, kMiB).value() == content);
    }
}

TEST_CASE("bzImage payload that is an ELF already is taken as it is") {
    const File file = file_of(BzImageBuilder().payload(elf()).build());
    const auto unpacked = unpack_payload(file, *parse_bzimage(file), kMiB);
    REQUIRE(unpacked.ok());
    REQUIRE(unpacked->has_value());
    CHECK((*unpacked)->read_up_to(0, kMiB).value() == elf());
}

TEST_CASE("bzImage payload of another kind is left alone") {
    for (const Bytes& payload : {Bytes(), Bytes(64), pattern(4096)}) {
        const File file = file_of(BzImageBuilder().payload(payload).build());
        const auto unpacked = unpack_payload(file, *parse_bzimage(file), kMiB);
        REQUIRE(unpacked.ok());
        CHECK_FALSE(unpacked->has_value());
    }
    const File text =
        file_of(BzImageBuilder().packed_payload(Compression::kZstd, Bytes(5000, 'x')).build());
    CHECK_FALSE(unpack_payload(text, *parse_bzimage(text), kMiB)->has_value());
}

TEST_CASE("bzImage payload never unpacks to more than the limit") {
    const Bytes bomb(16 * kMiB);
    CHECK_THAT(unpack_error(BzImageBuilder().packed_payload(Compression::kGzip, bomb).build()),
               Contains("16 MiB large, more than 1 MiB"));
    // A size word that understates: the stream has more than it says.
    Bytes packed = skiff::test::pack(Compression::kZstd, bomb);
    packed.resize(packed.size() + 4);
    poke<std::uint32_t>(packed, packed.size() - 4, 1000);
    CHECK_THAT(unpack_error(BzImageBuilder().payload(packed).build()), Contains("1000 bytes"));
    // One that overstates.
    poke<std::uint32_t>(packed, packed.size() - 4, 17 * kMiB);
    CHECK_THAT(unpack_error(BzImageBuilder().payload(packed).build(), kGiB), Contains("size word"));
}

TEST_CASE("bzImage payload that is damaged is an error that names the format") {
    for (const Compression compression : {Compression::kGzip, Compression::kXz, Compression::kZstd,
                                          Compression::kLz4Legacy, Compression::kBzip2}) {
        INFO(compression_name(compression));
        BzImageBuilder builder;
        Bytes bytes = builder.packed_payload(compression, elf()).build();
        const std::size_t payload =
            BzImageBuilder::kProtectedModeOffset + BzImageBuilder::kPrefixBytes;
        for (std::size_t i = payload + 30; i < payload + 90; ++i) {
            bytes[i] ^= 0xa5;
        }
        CHECK_THAT(unpack_error(bytes),
                   Contains(std::string(compression_name(compression))) || Contains("size word"));
    }
}

}  // namespace skiff::boot::test
