// SPDX-License-Identifier: Apache-2.0
// The libraries that work like zlib: gzip, bzip2, xz and lzma.
#include <bzlib.h>
#include <fmt/format.h>
#include <lzma.h>
#include <zlib.h>

#include <algorithm>
#include <memory>

#include "boot/decoders.h"

namespace skiff::boot {
namespace {

/// zlib and bzip2 count in unsigned int: what is handed to them at a time.
constexpr std::size_t kMaxPiece = std::size_t{1} << 30;
/// zlib: 15 bits of window, and 16 for "with a gzip header".
constexpr int kGzipWindowBits = 15 + 16;
/// xz asks for what the stream's header says: kernels use dictionaries of up to 128 MiB.
constexpr std::uint64_t kLzmaMemoryLimit = 160ULL * 1024 * 1024;

Error damaged(std::string_view format, std::string_view why) {
    return Error::user(fmt::format("its {} data is damaged ({})", format, why));
}

Error cut_off(std::string_view format) {
    return Error::user(fmt::format("its {} data is cut off", format));
}

/// Where the next bytes go: into `to`, and when that is full, into one spare byte. A decoder sees
/// the end of its stream only while it has room, and a byte in the spare says that `to` was too
/// small.
class OutputCursor {
  public:
    explicit OutputCursor(std::span<std::uint8_t> to) : to_(to) {}

    std::uint8_t* data() { return is_full() ? &spare_ : to_.data() + written_; }
    std::size_t room() const { return is_full() ? 1 : std::min(to_.size() - written_, kMaxPiece); }
    void advance(std::size_t count) {
        overflowed_ = count != 0 && is_full();
        written_ += overflowed_ ? 0 : count;
    }
    bool overflowed() const { return overflowed_; }
    std::size_t written() const { return written_; }

  private:
    bool is_full() const { return written_ == to_.size(); }

    std::span<std::uint8_t> to_;
    std::size_t written_ = 0;
    bool overflowed_ = false;
    std::uint8_t spare_ = 0;
};

Result<Unpacked> run_lzma(lzma_stream& stream, std::string_view format,
                          std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
    const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> owner(&stream, lzma_end);
    stream.next_in = from.data();
    stream.avail_in = from.size();
    stream.next_out = to.data();
    stream.avail_out = to.size();
    // LZMA_FINISH: all input is there. Returns when the stream, the input or the output ends.
    lzma_ret code = lzma_code(&stream, LZMA_FINISH);
    const std::size_t written = to.size() - stream.avail_out;
    std::uint8_t spare = 0;
    if (code == LZMA_OK && stream.avail_out == 0) {
        stream.next_out = &spare;
        stream.avail_out = 1;
        code = lzma_code(&stream, LZMA_FINISH);
        if (stream.avail_out == 0) {
            return Unpacked{written, false};
        }
    }
    switch (code) {
        case LZMA_STREAM_END:
            return Unpacked{written, true};
        case LZMA_OK:
        case LZMA_BUF_ERROR:
            return cut_off(format);
        case LZMA_MEM_ERROR:
        case LZMA_MEMLIMIT_ERROR:
            return damaged(format, "it wants too large a dictionary");
        default:
            return damaged(format, fmt::format("liblzma error {}", static_cast<int>(code)));
    }
}

}  // namespace

Result<Unpacked> unpack_gzip(std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
    z_stream stream{};
    if (inflateInit2(&stream, kGzipWindowBits) != Z_OK) {
        return Error::host("cannot start zlib");
    }
    const std::unique_ptr<z_stream, int (*)(z_stream*)> owner(&stream, inflateEnd);
    OutputCursor output(to);
    std::size_t read = 0;
    int code = Z_OK;
    // Each turn reads or writes something, else zlib answers Z_BUF_ERROR.
    while (code == Z_OK && !output.overflowed()) {
        // zlib does not write through next_in.
        stream.next_in = const_cast<std::uint8_t*>(from.data() + read);
        stream.avail_in = static_cast<unsigned>(std::min(from.size() - read, kMaxPiece));
        stream.next_out = output.data();
        stream.avail_out = static_cast<unsigned>(output.room());
        const unsigned in_before = stream.avail_in;
        const unsigned out_before = stream.avail_out;
        code = inflate(&stream, Z_NO_FLUSH);
        read += in_before - stream.avail_in;
        output.advance(out_before - stream.avail_out);
    }
    if (output.overflowed()) {
        return Unpacked{output.written(), false};
    }
    if (code == Z_STREAM_END) {
        return Unpacked{output.written(), true};
    }
    if (code == Z_BUF_ERROR) {
        return cut_off("gzip");
    }
    return damaged("gzip", stream.msg != nullptr ? stream.msg : "zlib error");
}

Result<Unpacked> unpack_bzip2(std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
    bz_stream stream{};
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) {
        return Error::host("cannot start libbz2");
    }
    const std::unique_ptr<bz_stream, int (*)(bz_stream*)> owner(&stream, BZ2_bzDecompressEnd);
    OutputCursor output(to);
    std::size_t read = 0;
    while (true) {
        // libbz2 does not write through next_in.
        stream.next_in = const_cast<char*>(reinterpret_cast<const char*>(from.data() + read));
        stream.avail_in = static_cast<unsigned>(std::min(from.size() - read, kMaxPiece));
        stream.next_out = reinterpret_cast<char*>(output.data());
        stream.avail_out = static_cast<unsigned>(output.room());
        const unsigned in_before = stream.avail_in;
        const unsigned out_before = stream.avail_out;
        const int code = BZ2_bzDecompress(&stream);
        const std::size_t consumed = in_before - stream.avail_in;
        const std::size_t produced = out_before - stream.avail_out;
        read += consumed;
        output.advance(produced);
        if (output.overflowed()) {
            return Unpacked{output.written(), false};
        }
        if (code == BZ_STREAM_END) {
            return Unpacked{output.written(), true};
        }
        if (code != BZ_OK) {
            return damaged("bzip2", fmt::format("libbz2 error {}", code));
        }
        // Unlike zlib, libbz2 answers OK where it could do nothing.
        if (consumed == 0 && produced == 0) {
            return cut_off("bzip2");
        }
    }
}

Result<Unpacked> unpack_xz(std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, kLzmaMemoryLimit, 0) != LZMA_OK) {
        return Error::host("cannot start liblzma");
    }
    return run_lzma(stream, "xz", from, to);
}

Result<Unpacked> unpack_lzma(std::span<const std::uint8_t> from, std::span<std::uint8_t> to) {
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_alone_decoder(&stream, kLzmaMemoryLimit) != LZMA_OK) {
        return Error::host("cannot start liblzma");
    }
    return run_lzma(stream, "lzma", from, to);
}

}  // namespace skiff::boot
