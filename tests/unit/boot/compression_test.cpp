// SPDX-License-Identifier: Apache-2.0
#include "boot/compression.h"

#include "image_files.h"
#include "tests/support/bzimage_builder.h"

namespace skiff::boot::test {
namespace {

using skiff::test::pack;

constexpr Compression kAll[] = {Compression::kGzip, Compression::kXz,        Compression::kLzma,
                                Compression::kZstd, Compression::kLz4Legacy, Compression::kBzip2};

}  // namespace

TEST_CASE("Compression is known by its magic number") {
    for (const Compression compression : kAll) {
        CHECK(identify_compression(pack(compression, pattern(1000))) == compression);
    }
    CHECK_FALSE(identify_compression({}).has_value());
    CHECK_FALSE(identify_compression(Bytes{0x1f}).has_value());
    CHECK_FALSE(identify_compression(pattern(64)).has_value());
    CHECK_FALSE(identify_compression(Bytes(64, ']')).has_value());
}

TEST_CASE("Unpacking fills a buffer of exactly the content's size and sees the end") {
    for (const Compression compression : kAll) {
        INFO(compression_name(compression));
        const Bytes content = pattern(300000);
        Bytes to(content.size());
        const auto unpacked = unpack(compression, pack(compression, content), to);
        REQUIRE(unpacked.ok());
        CHECK(unpacked->finished);
        CHECK(unpacked->size_bytes == content.size());
        CHECK(to == content);
    }
}

TEST_CASE("Unpacking into a smaller buffer gives the beginning and says that there is more") {
    for (const Compression compression : kAll) {
        INFO(compression_name(compression));
        const Bytes content = pattern(300000);
        Bytes to(1000);
        const auto unpacked = unpack(compression, pack(compression, content), to);
        REQUIRE(unpacked.ok());
        CHECK_FALSE(unpacked->finished);
        CHECK(unpacked->size_bytes == to.size());
        CHECK(to == Bytes(content.begin(), content.begin() + 1000));
    }
}

TEST_CASE("Unpacking a stream that is cut off never looks finished") {
    for (const Compression compression : {Compression::kGzip, Compression::kXz, Compression::kLzma,
                                          Compression::kZstd, Compression::kBzip2}) {
        INFO(compression_name(compression));
        const Bytes packed = pack(compression, pattern(5000));
        Bytes to(5000);
        for (std::size_t size = 0; size < packed.size(); size += 7) {
            // Of zstd, only the checksum may be missing.
            const auto unpacked = unpack(compression, std::span(packed).first(size), to);
            CHECK((!unpacked.ok() || !unpacked->finished));
        }
    }
}

TEST_CASE("Unpacking lz4 refuses a block that is cut off") {
    const Bytes packed = pack(Compression::kLz4Legacy, pattern(5000));
    Bytes to(5000);
    for (std::size_t size = 8; size < packed.size(); size += 3) {
        CHECK_FALSE(unpack(Compression::kLz4Legacy, std::span(packed).first(size), to).ok());
    }
}

TEST_CASE("Unpacking lz4 goes on over blocks and a repeated magic number") {
    const Bytes content = pattern(9 * kMiB);
    Bytes packed = pack(Compression::kLz4Legacy, content);
    const Bytes second = pack(Compression::kLz4Legacy, pattern(100));
    packed.insert(packed.end(), second.begin(), second.end());
    Bytes to(content.size() + 100);
    const auto unpacked = unpack(Compression::kLz4Legacy, packed, to);
    REQUIRE(unpacked.ok());
    CHECK(unpacked->size_bytes == to.size());
    CHECK(std::equal(content.begin(), content.end(), to.begin()));
}

TEST_CASE("Unpacking does not look behind the end of a stream") {
    for (const Compression compression : {Compression::kGzip, Compression::kXz, Compression::kLzma,
                                          Compression::kZstd, Compression::kBzip2}) {
        Bytes packed = pack(compression, pattern(5000));
        packed.insert(packed.end(), 100, 0xee);
        Bytes to(6000);
        const auto unpacked = unpack(compression, packed, to);
        REQUIRE(unpacked.ok());
        CHECK(unpacked->finished);
        CHECK(unpacked->size_bytes == 5000);
    }
}

}  // namespace skiff::boot::test
