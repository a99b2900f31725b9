// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "boot/bzimage.h"
#include "boot/elf.h"
#include "boot/multiboot.h"

namespace skiff::boot {

/// A kernel file, opened and understood: an ELF, a bzImage with or without an ELF inside, or what a
/// Multiboot header describes.
struct KernelImage {
    File file;
    std::optional<BzImage> bzimage;
    /// The unpacked payload of a bzImage; nothing for an ELF file.
    std::optional<File> unpacked;
    /// The headers of the ELF file or of the unpacked payload; with the address fields of a
    /// Multiboot header, what those say instead.
    std::optional<ElfImage> elf;
    std::optional<MultibootHeader> multiboot;
    /// How the payload was packed; nothing where there was none or it is not known.
    std::optional<Compression> compression;

    /// What the ELF's segments are read from. Only with `elf`.
    const File& elf_file() const { return unpacked.has_value() ? *unpacked : file; }
    /// For people: "bzImage of Linux 6.1.0 (xz)", "64-bit ELF kernel".
    std::string description() const;
};

/// Opens a kernel and unpacks what is packed, up to `unpacked_limit` bytes. A file that is no
/// kernel for this machine is a user error that says what it is.
Result<KernelImage> open_kernel(const std::string& path, std::uint64_t unpacked_limit);

}  // namespace skiff::boot
