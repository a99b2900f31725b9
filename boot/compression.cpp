// SPDX-License-Identifier: Apache-2.0
#include "boot/compression.h"

#include <algorithm>
#include <array>
#include <cstring>

#include "boot/decoders.h"

namespace skiff::boot {
namespace {

struct Magic {
    std::array<std::uint8_t, 6> bytes;
    std::size_t size;
    Compression compression;
};

constexpr std::array<Magic, 5> kMagics{{
    {{0x1f, 0x8b, 0x08}, 3, Compression::kGzip},
    {{0xfd, '7', 'z', 'X', 'Z', 0x00}, 6, Compression::kXz},
    {{0x28, 0xb5, 0x2f, 0xfd}, 4, Compression::kZstd},
    {{0x02, 0x21, 0x4c, 0x18}, 4, Compression::kLz4Legacy},
    {{'B', 'Z', 'h'}, 3, Compression::kBzip2},
}};

/// The .lzma header: properties (0x5d is what every encoder writes), dictionary size (2^n or
/// 2^n + 2^(n-1)), then the unpacked size, whose high bytes are all zero or, for "unknown", all
/// one.
bool looks_like_lzma(std::span<const std::uint8_t> head) {
    if (head.size() < 13 || head[0] != 0x5d) {
        return false;
    }
    std::uint32_t dictionary = 0;
    std::uint64_t size = 0;
    std::memcpy(&dictionary, head.data() + 1, sizeof dictionary);
    std::memcpy(&size, head.data() + 5, sizeof size);
    const std::uint32_t without_low_bit = dictionary & (dictionary - 1);
    const bool plausible_dictionary =
        dictionary != 0 && (without_low_bit == 0 || (without_low_bit & (without_low_bit - 1)) == 0);
    return plausible_dictionary && (size == ~std::uint64_t{0} || size < (1ULL << 40));
}

}  // namespace

std::string_view compression_name(Compression compression) {
    switch (compression) {
        case Compression::kGzip:
            return "gzip";
        case Compression::kXz:
            return "xz";
        case Compression::kLzma:
            return "lzma";
        case Compression::kZstd:
            return "zstd";
        case Compression::kLz4Legacy:
            return "lz4";
        case Compression::kBzip2:
            return "bzip2";
    }
    return "unknown";
}

std::optional<Compression> identify_compression(std::span<const std::uint8_t> head) {
    for (const Magic& magic : kMagics) {
        if (head.size() >= magic.size &&
            std::memcmp(head.data(), magic.bytes.data(), magic.size) == 0) {
            return magic.compression;
        }
    }
    if (looks_like_lzma(head)) {
        return Compression::kLzma;
    }
    return std::nullopt;
}

Result<Unpacked> unpack(Compression compression, std::span<const std::uint8_t> from,
                        std::span<std::uint8_t> to) {
    switch (compression) {
        case Compression::kGzip:
            return unpack_gzip(from, to);
        case Compression::kXz:
            return unpack_xz(from, to);
        case Compression::kLzma:
            return unpack_lzma(from, to);
        case Compression::kZstd:
            return unpack_zstd(from, to);
        case Compression::kLz4Legacy:
            return unpack_lz4_legacy(from, to);
        case Compression::kBzip2:
            return unpack_bzip2(from, to);
    }
    return Error::user("its compression is unknown");
}

}  // namespace skiff::boot
