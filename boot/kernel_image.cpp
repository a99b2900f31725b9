// SPDX-License-Identifier: Apache-2.0
#include "boot/kernel_image.h"

#include <fmt/format.h>

#include "boot/file_kind.h"

namespace skiff::boot {

std::string KernelImage::description() const {
    if (multiboot.has_value()) {
        return multiboot->image.has_value() ? "Multiboot image placed by its address fields"
                                            : "Multiboot ELF image";
    }
    if (!bzimage.has_value()) {
        return elf.has_value() && !elf->is_64_bit ? "32-bit ELF kernel" : "64-bit ELF kernel";
    }
    // The version text ends with who built it and when: its first word is enough here.
    const std::string& text = bzimage->kernel_version;
    const std::string version = text.substr(0, text.find(' '));
    std::string result = version.empty() ? "bzImage" : "bzImage of Linux " + version;
    if (unpacked.has_value()) {
        const auto how =
            compression.has_value() ? compression_name(*compression) : "not compressed";
        result += fmt::format(" ({})", how);
    }
    return result;
}

Result<KernelImage> open_kernel(const std::string& path, std::uint64_t unpacked_limit) {
    SKIFF_ASSIGN_OR_RETURN(File file, File::open(path));
    SKIFF_ASSIGN_OR_RETURN(const FileKind kind, identify_file(file));
    KernelImage image{std::move(file), {}, {}, {}, {}, {}};
    if (kind.id != "bzimage") {
        SKIFF_ASSIGN_OR_RETURN(image.multiboot, find_multiboot_header(image.file));
    }
    if (image.multiboot.has_value() && image.multiboot->image.has_value()) {
        image.elf = image.multiboot->image;
        return image;
    }
    if (kind.id == "elf") {
        SKIFF_ASSIGN_OR_RETURN(image.elf, parse_elf(image.file));
        return image;
    }
    if (image.multiboot.has_value()) {
        return Error::user(fmt::format(
            "'{}' cannot be booted: it has a Multiboot header without address fields, but is {} "
            "and "
            "no ELF file: link it as ELF, or set bit 16 of the header's flags and the fields",
            path, kind.description));
    }
    if (kind.id != "bzimage") {
        return Error::user(
            fmt::format("'{}' is {}; a kernel for x86-64 was expected (an ELF vmlinux, a bzImage "
                        "or a Multiboot "
                        "image){}{}",
                        path, kind.description, kind.hint.empty() ? "" : ": ", kind.hint));
    }
    SKIFF_ASSIGN_OR_RETURN(image.bzimage, parse_bzimage(image.file));
    SKIFF_ASSIGN_OR_RETURN(image.compression, payload_compression(image.file, *image.bzimage));
    SKIFF_ASSIGN_OR_RETURN(image.unpacked,
                           unpack_payload(image.file, *image.bzimage, unpacked_limit));
    if (image.unpacked.has_value()) {
        SKIFF_ASSIGN_OR_RETURN(image.elf, parse_elf(*image.unpacked));
    }
    return image;
}

}  // namespace skiff::boot
