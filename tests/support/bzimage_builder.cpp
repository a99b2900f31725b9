// SPDX-License-Identifier: Apache-2.0
#include "tests/support/bzimage_builder.h"

#include <bzlib.h>
#include <lz4hc.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>

namespace skiff::test {
namespace {

void require(bool condition) {
    if (!condition) {
        std::abort();
    }
}

Bytes pack_gzip(const Bytes& content) {
    z_stream stream{};
    require(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    Bytes packed(deflateBound(&stream, content.size()) + 64);
    stream.next_in = const_cast<std::uint8_t*>(content.data());
    stream.avail_in = static_cast<unsigned>(content.size());
    stream.next_out = packed.data();
    stream.avail_out = static_cast<unsigned>(packed.size());
    require(deflate(&stream, Z_FINISH) == Z_STREAM_END);
    packed.resize(stream.total_out);
    deflateEnd(&stream);
    return packed;
}

Bytes pack_lzma(lzma_stream& stream, const Bytes& content) {
    Bytes packed(content.size() * 2 + 4096);
    stream.next_in = content.data();
    stream.avail_in = content.size();
    stream.next_out = packed.data();
    stream.avail_out = packed.size();
    require(lzma_code(&stream, LZMA_FINISH) == LZMA_STREAM_END);
    packed.resize(stream.total_out);
    lzma_end(&stream);
    return packed;
}

Bytes pack_bzip2(const Bytes& content) {
    Bytes packed(content.size() * 2 + 4096);
    auto size = static_cast<unsigned>(packed.size());
    require(
        BZ2_bzBuffToBuffCompress(reinterpret_cast<char*>(packed.data()), &size,
                                 const_cast<char*>(reinterpret_cast<const char*>(content.data())),
                                 static_cast<unsigned>(content.size()), 9, 0, 0) == BZ_OK);
    packed.resize(size);
    return packed;
}

/// With a checksum, as the zstd tool writes it.
Bytes pack_zstd(const Bytes& content) {
    Bytes packed(ZSTD_compressBound(content.size()) + 64);
    ZSTD_CCtx* const context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, 19);
    ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1);
    const std::size_t size =
        ZSTD_compress2(context, packed.data(), packed.size(), content.data(), content.size());
    ZSTD_freeCCtx(context);
    require(ZSTD_isError(size) == 0);
    packed.resize(size);
    return packed;
}

Bytes pack_lz4(const Bytes& content) {
    constexpr std::size_t kBlock = std::size_t{8} << 20;
    Bytes packed{0x02, 0x21, 0x4c, 0x18};
    for (std::size_t at = 0; at < content.size(); at += kBlock) {
        const auto size = static_cast<int>(std::min(kBlock, content.size() - at));
        const std::size_t word = packed.size();
        packed.resize(word + 4 + static_cast<std::size_t>(LZ4_compressBound(size)));
        const int count = LZ4_compress_HC(reinterpret_cast<const char*>(content.data() + at),
                                          reinterpret_cast<char*>(packed.data() + word + 4), size,
                                          LZ4_compressBound(size), 9);
        poke(packed, word, static_cast<std::uint32_t>(count));
        packed.resize(word + 4 + static_cast<std::size_t>(count));
    }
    return packed;
}

}  // namespace

Bytes pack(boot::Compression compression, const Bytes& content) {
    lzma_stream stream = LZMA_STREAM_INIT;
    switch (compression) {
        case boot::Compression::kGzip:
            return pack_gzip(content);
        case boot::Compression::kXz:
            require(lzma_easy_encoder(&stream, 6, LZMA_CHECK_CRC32) == LZMA_OK);
            return pack_lzma(stream, content);
        case boot::Compression::kLzma: {
            lzma_options_lzma options{};
            require(lzma_lzma_preset(&options, 6) == 0);
            require(lzma_alone_encoder(&stream, &options) == LZMA_OK);
            return pack_lzma(stream, content);
        }
        case boot::Compression::kZstd:
            return pack_zstd(content);
        case boot::Compression::kLz4Legacy:
            return pack_lz4(content);
        case boot::Compression::kBzip2:
            return pack_bzip2(content);
    }
    std::abort();
}

BzImageBuilder::BzImageBuilder() {
    header_.setup_sects = 2;
    header_.boot_flag = boot::kBootFlag;
    header_.jump = 0x6aeb;  // jmp over the header: it ends at 0x202 + 0x6a.
    header_.header = boot::kHeaderMagic;
    header_.version = 0x020f;
    header_.kernel_version = 0x0c0;
    header_.loadflags = boot::kLoadedHigh;
    header_.code32_start = 0x100000;
    header_.initrd_addr_max = 0x7fffffff;
    header_.kernel_alignment = 0x200000;
    header_.relocatable_kernel = 1;
    header_.min_alignment = 21;
    header_.xloadflags = boot::kXlfKernel64;
    header_.cmdline_size = 2047;
    header_.pref_address = 0x1000000;
    header_.init_size = 0x100000;
}

BzImageBuilder& BzImageBuilder::payload(Bytes packed) {
    payload_ = std::move(packed);
    return *this;
}

BzImageBuilder& BzImageBuilder::packed_payload(boot::Compression compression,
                                               const Bytes& content) {
    Bytes packed = pack(compression, content);
    if (compression != boot::Compression::kGzip) {
        packed.resize(packed.size() + 4);
        poke(packed, packed.size() - 4, static_cast<std::uint32_t>(content.size()));
    }
    return payload(std::move(packed));
}

BzImageBuilder& BzImageBuilder::version_text(std::string text) {
    version_text_ = std::move(text);
    return *this;
}

Bytes BzImageBuilder::build() const {
    Bytes file(kProtectedModeOffset);
    std::memcpy(file.data() + 0x200 + 0x0c0, version_text_.c_str(), version_text_.size() + 1);
    const Bytes prefix = pattern(kPrefixBytes);
    file.insert(file.end(), prefix.begin(), prefix.end());
    file.insert(file.end(), payload_.begin(), payload_.end());
    file.resize((file.size() + 15) / 16 * 16);

    boot::SetupHeader header = header_;
    if (header.syssize == 0) {
        header.syssize = static_cast<std::uint32_t>((file.size() - kProtectedModeOffset) / 16);
    }
    if (!payload_.empty() && header.payload_length == 0) {
        header.payload_offset = kPrefixBytes;
        header.payload_length = static_cast<std::uint32_t>(payload_.size());
    }
    std::memcpy(file.data() + boot::kSetupHeaderOffset, &header, sizeof header);
    return file;
}

}  // namespace skiff::test
