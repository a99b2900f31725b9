// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "boot/compression.h"
#include "boot/setup_header.h"

namespace skiff::boot {

/// A Linux kernel for x86 as it is installed: real-mode set-up code, then the protected-mode kernel
/// with a compressed ELF inside (boot.rst). Fields that the kernel's boot protocol version does not
/// have are given the values which boot.rst tells loaders to assume; all values are validated.
struct BzImage {
    /// The header as in the file, zero behind its end.
    SetupHeader header{};
    std::uint16_t version = 0;  ///< (major << 8) + minor.
    std::string kernel_version;

    std::uint64_t protected_mode_offset = 0;  ///< In the file.
    std::uint64_t protected_mode_size = 0;
    /// The compressed kernel: offset in the file and length; a length of 0 where there is none.
    std::uint64_t payload_offset = 0;
    std::uint64_t payload_size = 0;

    std::uint64_t cmdline_limit = 0;  ///< Without the NUL.
    std::uint64_t initrd_highest_byte = 0;
    bool relocatable = false;
    std::uint64_t alignment = 1;      ///< kernel_alignment; a power of two.
    std::uint64_t min_alignment = 1;  ///< The least one that works; a power of two ≤ alignment.
    std::uint64_t pref_address = 0;
    std::uint64_t init_size = 0;  ///< 0 where the kernel does not say.
    bool has_64_bit_entry = false;
};

/// Whether the file begins like a bzImage; the rest may still be broken.
bool looks_like_bzimage(std::span<const std::uint8_t> head);

/// Reads and checks the header. A user error names the file and the flaw.
Result<BzImage> parse_bzimage(const File& file);

/// How the payload is packed; nothing where there is none or in a format that is not known.
Result<std::optional<Compression>> payload_compression(const File& file, const BzImage& image);

/// Unpacks the payload into a file in memory: the kernel's ELF and its relocation tables. Nothing
/// where the payload is no ELF in a format that is known, so that the image can only be entered as
/// it is. A damaged payload, or one larger than `limit` bytes when unpacked, is a user error.
Result<std::optional<File>> unpack_payload(const File& file, const BzImage& image,
                                           std::uint64_t limit);

}  // namespace skiff::boot
