// SPDX-License-Identifier: Apache-2.0
#include "boot/inspect.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <span>
#include <string_view>

#include "base/file.h"
#include "base/units.h"
#include "boot/cmdline.h"
#include "boot/compression.h"
#include "boot/file_kind.h"
#include "boot/image_search.h"
#include "boot/initrd.h"
#include "boot/kernel_config.h"
#include "boot/kernel_image.h"
#include "boot/kernel_wishes.h"
#include "boot/x86_64/entry_choice.h"

namespace skiff::boot {
namespace {

/// A kernel larger than this, unpacked, is not looked into.
constexpr std::uint64_t kMaxUnpackedBytes = 1 * kGiB;
/// How much of a compressed file is unpacked to see what is inside, and from how much of it.
constexpr std::uint64_t kProbePackedBytes = 4 * kMiB;
constexpr std::size_t kProbeBytes = 512;

void add(Inspection& inspection, std::string key, std::string label, std::string value) {
    inspection.properties.push_back({std::move(key), std::move(label), std::move(value)});
}

/// The options that skiff would like, by what they are: "VIRTIO_BLK (-d), …"; "none" for none.
std::string list_lacks(std::span<const KernelLack> lacks, bool as_module) {
    std::string text;
    for (const KernelLack& lack : lacks) {
        if (lack.as_module == as_module) {
            text += fmt::format("{}{} ({})", text.empty() ? "" : ", ", lack.wish.option,
                                lack.wish.needed_by);
        }
    }
    return text.empty() ? "none" : text;
}

/// Where the kernel's configuration is, and what it lacks of what skiff can use.
void add_config_facts(const KernelImage& kernel, Inspection& inspection) {
    const auto config = find_kernel_config(kernel);
    if (!config.ok()) {
        add(inspection, "config", "configuration", config.error().message());
        return;
    }
    if (!config->has_value()) {
        add(inspection, "config", "configuration", "not found, inside or beside");
        return;
    }
    add(inspection, "config", "configuration", "in " + (*config)->source());
    const auto lacks = kernel_lacks(**config, all_kernel_wishes());
    add(inspection, "config_lacks", "options missing", list_lacks(lacks, false));
    add(inspection, "config_modules", "options as modules", list_lacks(lacks, true));
}

/// What is known of a kernel that says to be Linux.
Result<void> add_linux_facts(const KernelImage& kernel, Inspection& inspection) {
    std::string banner;
    if (kernel.elf.has_value()) {
        SKIFF_RETURN_IF_ERROR(
            search_segments(kernel, [&banner](std::uint64_t /*offset*/, std::string_view piece) {
                banner = linux_banner_in(piece);
                return !banner.empty();
            }));
    }
    if (!banner.empty()) {
        add(inspection, "linux_version", "Linux version", banner);
    }
    if (!banner.empty() || kernel.bzimage.has_value()) {
        add_config_facts(kernel, inspection);
    }
    return {};
}

void add_elf_facts(const ElfImage& elf, Inspection& inspection) {
    add(inspection, "elf_class", "ELF class", elf.is_64_bit ? "64-bit" : "32-bit");
    add(inspection, "load_address", "load address",
        fmt::format("{:#x}-{:#x} ({})", elf.lowest_address(), elf.end_address(),
                    format_size(elf.end_address() - elf.lowest_address())));
    for (std::size_t i = 0; i < elf.segments.size(); ++i) {
        const ElfSegment& segment = elf.segments[i];
        const bool mapped = is_aligned(segment.physical_address ^ segment.file_offset, kPageSize);
        add(inspection, fmt::format("segment_{}", i), fmt::format("segment {}", i),
            fmt::format("{:#x}-{:#x}, {} from the file, {}", segment.physical_address,
                        segment.physical_address + segment.memory_size,
                        format_size(segment.file_size), mapped ? "mapped" : "copied"));
    }
    add(inspection, "elf_entry", "ELF entry", fmt::format("{:#x}", elf.entry));
    if (elf.pvh_entry.has_value()) {
        add(inspection, "pvh_entry", "PVH entry",
            fmt::format("{:#x}{}", *elf.pvh_entry,
                        elf.pvh_relocation.has_value() ? " (relocatable)" : ""));
    }
}

void add_bzimage_facts(const KernelImage& kernel, Inspection& inspection) {
    const BzImage& image = *kernel.bzimage;
    if (!image.kernel_version.empty()) {
        add(inspection, "kernel_version", "kernel version", image.kernel_version);
    }
    add(inspection, "boot_protocol", "boot protocol",
        fmt::format("{}.{:02}", image.version >> 8, image.version & 0xff));
    add(inspection, "compression", "compression",
        image.payload_size == 0
            ? "no payload"
            : std::string(kernel.compression.has_value() ? compression_name(*kernel.compression)
                          : kernel.unpacked.has_value()  ? "none"
                                                         : "unknown: entered as it is"));
    add(inspection, "relocatable", "relocatable", image.relocatable ? "yes" : "no");
    add(inspection, "alignment", "alignment",
        fmt::format("{:#x}, at least {:#x}", image.alignment, image.min_alignment));
    add(inspection, "pref_address", "preferred address", fmt::format("{:#x}", image.pref_address));
    add(inspection, "init_size", "memory to start", format_size(image.init_size));
}

void add_kernel_limits(const KernelImage& kernel, Inspection& inspection) {
    const bool old_initrd_rule = kernel.elf.has_value() && !kernel.elf->is_64_bit;
    add(inspection, "cmdline_limit", "command line limit",
        fmt::format("{} bytes", kernel.bzimage.has_value() ? kernel.bzimage->cmdline_limit
                                                           : kDefaultCmdlineLimit));
    add(inspection, "initrd_limit", "initrd ends below",
        fmt::format("{:#x}", 1 + (kernel.bzimage.has_value() ? kernel.bzimage->initrd_highest_byte
                                  : old_initrd_rule          ? kInitrdMaxLegacy
                                                             : kInitrdMax64)));
}

Result<void> inspect_kernel(const std::string& path, Inspection& inspection) {
    const auto kernel = open_kernel(path, kMaxUnpackedBytes);
    if (!kernel.ok()) {
        inspection.obstacle = kernel.error().message();
        return {};
    }
    inspection.bootable = true;
    if (kernel->bzimage.has_value()) {
        add_bzimage_facts(*kernel, inspection);
    }
    SKIFF_RETURN_IF_ERROR(add_linux_facts(*kernel, inspection));
    if (kernel->elf.has_value()) {
        add_elf_facts(*kernel->elf, inspection);
    }
    if (kernel->multiboot.has_value()) {
        add(inspection, "multiboot_header", "Multiboot header",
            fmt::format("at {:#x}, flags {:#x}", kernel->multiboot->file_offset,
                        kernel->multiboot->flags));
    }
    std::string entries;
    const auto choices = x86_64::allowed_entries(*kernel, BootRequest{});
    for (const x86_64::EntryChoice& choice :
         choices.ok() ? *choices : std::vector<x86_64::EntryChoice>()) {
        entries += (entries.empty() ? "" : ", ") + x86_64::protocol_name(choice.protocol);
        entries += choice.form == x86_64::EntryForm::kAsIs ? " (as it is)" : "";
    }
    add(inspection, "entry", "entered by", entries);
    if (!kernel->multiboot.has_value()) {
        add_kernel_limits(*kernel, inspection);
    }
    return {};
}

/// What is inside of a compressed file: an initramfs, an ELF, …
Result<void> inspect_compressed(const File& file, Inspection& inspection) {
    SKIFF_ASSIGN_OR_RETURN(const auto packed, file.read_up_to(0, kProbePackedBytes));
    const auto compression = identify_compression(packed);
    // Room for one lz4 block: libraries that unpack whole blocks need it.
    const std::size_t room = compression == Compression::kLz4Legacy ? 8 * kMiB : kProbeBytes;
    std::vector<std::uint8_t> head(room);
    const auto unpacked = compression.has_value()
                              ? unpack(*compression, packed, head)
                              : Result<Unpacked>(Error::user("its compression is unknown"));
    if (!unpacked.ok()) {
        add(inspection, "content", "content", unpacked.error().message());
        return {};
    }
    head.resize(std::min<std::uint64_t>(unpacked->size_bytes, kProbeBytes));
    SKIFF_ASSIGN_OR_RETURN(const File inside, File::from_bytes(file.name(), head));
    SKIFF_ASSIGN_OR_RETURN(const FileKind kind, identify_file(inside));
    add(inspection, "content", "content", kind.description);
    if (kind.id == "cpio") {
        add(inspection, "use", "used as", "initrd (-i)");
    }
    return {};
}

}  // namespace

Result<Inspection> inspect(const std::string& path) {
    SKIFF_ASSIGN_OR_RETURN(const File file, File::open(path));
    SKIFF_ASSIGN_OR_RETURN(const FileKind kind, identify_file(file));
    Inspection inspection{path, kind.id, kind.description, false, {}, {}};
    add(inspection, "size", "size", format_size(file.size_bytes()));
    const auto multiboot = find_multiboot_header(file);
    if (kind.id == "elf" || kind.id == "bzimage" || !multiboot.ok() || multiboot->has_value()) {
        SKIFF_RETURN_IF_ERROR(inspect_kernel(path, inspection));
        return inspection;
    }
    inspection.obstacle = kind.hint.empty() ? "not a kernel" : kind.hint;
    if (kind.id == "cpio") {
        add(inspection, "use", "used as", "initrd (-i)");
    }
    const auto packed_head = file.read_up_to(0, kProbeBytes);
    if (packed_head.ok() && identify_compression(*packed_head).has_value()) {
        SKIFF_RETURN_IF_ERROR(inspect_compressed(file, inspection));
    }
    return inspection;
}

}  // namespace skiff::boot
