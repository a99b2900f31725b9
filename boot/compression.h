// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "base/result.h"

namespace skiff::boot {

/// The formats in which Linux packs kernels and initrds, and for which we have a library.
enum class Compression { kGzip, kXz, kLzma, kZstd, kLz4Legacy, kBzip2 };

/// "gzip", "xz", …
std::string_view compression_name(Compression compression);

/// By the magic number (boot.rst, payload_offset); LZMA has no real one, so its properties and
/// dictionary size are looked at too.
std::optional<Compression> identify_compression(std::span<const std::uint8_t> head);

struct Unpacked {
    std::uint64_t size_bytes = 0;  ///< What was written.
    bool finished = false;         ///< Whether that was all; otherwise `to` is full.
};

/// Unpacks the one stream at the beginning of `from` into `to`, and never writes more than that.
/// What follows the stream is not looked at. Memory use beside `to` is bounded (a dictionary of at
/// most 128 MiB). A damaged stream, or one that is cut off, is a user error without a file name.
Result<Unpacked> unpack(Compression compression, std::span<const std::uint8_t> from,
                        std::span<std::uint8_t> to);

}  // namespace skiff::boot
