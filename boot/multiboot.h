// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/file.h"
#include "base/result.h"
#include "boot/elf.h"

namespace skiff::boot {

/// What a Multiboot 1 header says (Multiboot Specification 0.6.96, section 3.1).
struct MultibootHeader {
    std::uint64_t file_offset = 0;
    std::uint32_t flags = 0;
    /// Where the address fields put the image and its entry; nothing where the ELF headers say so.
    std::optional<ElfImage> image;

    /// Whether the guest looks for a display; it gets none, and no VBE fields.
    bool wants_video() const { return (flags & (1U << 2)) != 0; }
};

/// Looks for the header: 32-bit aligned, whole within the file's first 8 KiB, with a right
/// checksum. A header that asks for what is unknown, or whose address fields contradict each other
/// or the file, is a user error that names the file and the flaw.
Result<std::optional<MultibootHeader>> find_multiboot_header(const File& file);

}  // namespace skiff::boot
