// SPDX-License-Identifier: Apache-2.0
// The libraries that unpack whole frames or blocks: zstd and lz4.
#include <fmt/format.h>
#include <lz4.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <memory>

#include "boot/decoders.h"

namespace skiff::boot {
namespace {

constexpr std::uint32_t kLz4LegacyMagic = 0x184c2102;
/// Each block of the legacy format holds at most this much (lz4 frame format, "Legacy frame").
constexpr std::size_t kLz4BlockBytes = std::size_t{8} << 20;

Error zstd_error(std::size_t code) {
    return Error::user(fmt::format("its zstd data is damaged ({})", ZSTD_getErrorName(code)));
}

std::uint32_t load_u32(std::span<const std::uint8_t> bytes) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data(), sizeof value);
    return value;
}

/// The beginning of a frame that is larger than `to`, or of unknown size. ZSTD_decompressStream()
/// refuses windows above 128 MiB by itself.
Result<Unpacked> unpack_zstd_beginning(std::span<const std::uint8_t> from,
                                       std::span<std::uint8_t> to) {
    const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                               ZSTD_freeDStream);
    if (stream == nullptr) {
        return Error::host("cannot start libzstd");
    }
    ZSTD_inBuffer input{from.data(), from.size(), 0};
    ZSTD_outBuffer output{to.data(), to.size(), 0};
    while (true) {
        const std::size_t in_before = input.pos;
        const std::size_t out_before = output.pos;
        const std::size_t code = ZSTD_decompressStream(stream.get(), &output, &input);
        if (ZSTD_isError(code) != 0) {
            return zstd_error(code);
        }
        if (code == 0) {
            return Unpacked{output.pos, true};
        }
        if (input.pos == in_before && output.pos == out_before) {
            if (output.pos == output.size) {
                return Unpacked{output.pos, false};
            }
            return Error::user("its zstd data is cut off");
        }
    }
}

}  // namespace

Result<Unpacked> unpack_zstd(std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
    // A whole frame of known size goes straight into place: no window buffer, which is 128 MiB for
    // a kernel packed with --ultra -22.
    const std::size_t frame_bytes = ZSTD_findFrameCompressedSize(from.data(), from.size());
    if (ZSTD_isError(frame_bytes) != 0) {
        return unpack_zstd_beginning(from, to);
    }
    const std::size_t size = ZSTD_decompress(to.data(), to.size(), from.data(), frame_bytes);
    if (ZSTD_isError(size) != 0) {
        // Too small a `to`, or damage: the streaming decoder tells which.
        return unpack_zstd_beginning(from, to);
    }
    return Unpacked{size, true};
}

Result<Unpacked> unpack_lz4_legacy(std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
    std::size_t read = 4;
    std::size_t written = 0;
    // Each turn reads at least four bytes. The format has no end mark: it ends with the input, or
    // where the next word cannot be the size of a block.
    while (from.size() - read >= 4) {
        const std::uint32_t block = load_u32(from.subspan(read));
        read += 4;
        if (block == kLz4LegacyMagic) {
            continue;
        }
        if (block == 0 || block > static_cast<std::uint32_t>(LZ4_compressBound(kLz4BlockBytes))) {
            break;
        }
        if (block > from.size() - read) {
            return Error::user("its lz4 data is cut off");
        }
        const std::size_t room = std::min(to.size() - written, kLz4BlockBytes);
        const char* const source = reinterpret_cast<const char*>(from.data() + read);
        char* const target = reinterpret_cast<char*>(to.data() + written);
        int count =
            LZ4_decompress_safe(source, target, static_cast<int>(block), static_cast<int>(room));
        if (count < 0 && room < kLz4BlockBytes) {
            count = LZ4_decompress_safe_partial(source, target, static_cast<int>(block),
                                                static_cast<int>(room), static_cast<int>(room));
            if (count == static_cast<int>(room)) {
                return Unpacked{to.size(), false};
            }
        }
        if (count < 0) {
            return Error::user("its lz4 data is damaged");
        }
        read += block;
        written += static_cast<std::size_t>(count);
    }
    return Unpacked{written, true};
}

}  // namespace skiff::boot
