// SPDX-License-Identifier: Apache-2.0
#include "boot/multiboot.h"

#include <fmt/format.h>

#include <array>
#include <cstring>
#include <string>

namespace skiff::boot {
namespace {

/// Section 3.1: the header is within the first 8192 bytes, at a multiple of 4.
constexpr std::uint64_t kSearchBytes = 8192;
constexpr std::uint64_t kHeaderAlignment = 4;

constexpr std::uint32_t kHeaderMagic = 0x1bad'b002;
/// Bit 0: modules at page boundaries; bit 1: memory information; bit 2: video mode information.
constexpr std::uint32_t kKnownRequirements = 0x7;
/// Bits 0 to 15 must be understood, bits 16 to 31 may be ignored.
constexpr std::uint32_t kRequirements = 0xffff;
constexpr std::uint32_t kHasAddressFields = 1U << 16;

/// Section 3.1.1, as it lies in the file.
struct MagicFields {
    std::uint32_t magic;
    std::uint32_t flags;
    std::uint32_t checksum;
};
static_assert(sizeof(MagicFields) == 12);

/// Section 3.1.3, right behind the magic fields.
struct AddressFields {
    std::uint32_t header_addr;
    std::uint32_t load_addr;
    std::uint32_t load_end_addr;
    std::uint32_t bss_end_addr;
    std::uint32_t entry_addr;
};
static_assert(sizeof(AddressFields) == 20);

Error bad_header(const File& file, const std::string& flaw) {
    return Error::user(
        fmt::format("'{}' cannot be booted: its Multiboot header {}", file.name(), flaw));
}

template <typename T>
std::optional<T> fields_at(const std::vector<std::uint8_t>& head, std::uint64_t offset) {
    if (offset + sizeof(T) > head.size()) {
        return std::nullopt;
    }
    T fields{};
    std::memcpy(&fields, head.data() + offset, sizeof fields);
    return fields;
}

Result<ElfImage> image_of(const File& file, std::uint64_t header_offset,
                          const AddressFields& fields) {
    if (fields.header_addr < fields.load_addr ||
        fields.header_addr - fields.load_addr > header_offset) {
        return bad_header(file,
                          fmt::format("lies at {:#x}, which is not in what is loaded at {:#x}",
                                      fields.header_addr, fields.load_addr));
    }
    const std::uint64_t file_offset = header_offset - (fields.header_addr - fields.load_addr);
    const std::uint64_t rest_of_file = file.size_bytes() - file_offset;
    // 0 means: all that there is in the file, and no bss.
    const std::uint64_t load_end =
        fields.load_end_addr != 0 ? fields.load_end_addr : fields.load_addr + rest_of_file;
    const std::uint64_t memory_end = fields.bss_end_addr != 0 ? fields.bss_end_addr : load_end;
    if (load_end <= fields.load_addr || memory_end < load_end) {
        return bad_header(file, fmt::format("ends its data at {:#x} and its bss at {:#x}, with the "
                                            "beginning at {:#x}",
                                            load_end, memory_end, fields.load_addr));
    }
    const std::uint64_t file_size = load_end - fields.load_addr;
    if (!file.contains(file_offset, file_size)) {
        return bad_header(file, fmt::format("wants {} bytes from offset {:#x}, but the file is cut "
                                            "off: it has {} bytes",
                                            file_size, file_offset, file.size_bytes()));
    }
    ElfImage image;
    image.is_64_bit = false;
    image.entry = fields.entry_addr;
    image.segments.push_back({.file_offset = file_offset,
                              .physical_address = fields.load_addr,
                              .virtual_address = fields.load_addr,
                              .file_size = file_size,
                              .memory_size = memory_end - fields.load_addr,
                              .alignment = 1});
    return image;
}

}  // namespace

Result<std::optional<MultibootHeader>> find_multiboot_header(const File& file) {
    SKIFF_ASSIGN_OR_RETURN(const auto head, file.read_up_to(0, kSearchBytes));
    for (std::uint64_t offset = 0; offset < head.size(); offset += kHeaderAlignment) {
        const auto magic = fields_at<MagicFields>(head, offset);
        if (!magic.has_value()) {
            break;
        }
        if (magic->magic != kHeaderMagic || magic->magic + magic->flags + magic->checksum != 0) {
            continue;
        }
        MultibootHeader header{offset, magic->flags, {}};
        const std::uint32_t unknown = magic->flags & kRequirements & ~kKnownRequirements;
        if (unknown != 0) {
            return bad_header(
                file, fmt::format("requires what is not known here (flags {:#x})", unknown));
        }
        if ((magic->flags & kHasAddressFields) != 0) {
            const auto fields = fields_at<AddressFields>(head, offset + sizeof(MagicFields));
            if (!fields.has_value()) {
                return bad_header(file, "is cut off before its address fields");
            }
            SKIFF_ASSIGN_OR_RETURN(header.image, image_of(file, offset, *fields));
        }
        return std::optional(std::move(header));
    }
    return std::optional<MultibootHeader>();
}

}  // namespace skiff::boot
