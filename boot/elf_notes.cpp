// SPDX-License-Identifier: Apache-2.0
#include "boot/elf_notes.h"

#include <elf.h>
#include <fmt/format.h>

#include <cstring>
#include <string_view>

#include "base/units.h"

namespace skiff::boot {
namespace {

constexpr std::uint32_t kXenPhys32Entry = 18;
constexpr std::uint32_t kXenPhys32Reloc = 19;
constexpr std::string_view kXenOwner{"Xen\0", 4};

/// PHYS32_RELOC's values where the note leaves them out.
constexpr std::uint64_t kDefaultAlignment = 0x200000;
constexpr std::uint64_t kDefaultHighest = 0xffffffff;

std::uint32_t load_u32(std::span<const std::uint8_t> bytes, std::size_t offset) {
    std::uint32_t value = 0;
    std::memcpy(&value, bytes.data() + offset, sizeof value);
    return value;
}

/// A pointer of the kernel's own width.
std::optional<std::uint64_t> read_entry(std::span<const std::uint8_t> description) {
    if (description.size() == 4) {
        return load_u32(description, 0);
    }
    if (description.size() == 8) {
        std::uint64_t value = 0;
        std::memcpy(&value, description.data(), sizeof value);
        return value;
    }
    return std::nullopt;
}

/// Up to three words: alignment, lowest address, address of the highest byte.
std::optional<PvhRelocation> read_relocation(std::span<const std::uint8_t> description,
                                             std::uint64_t segment_alignment) {
    const auto word = [&](std::size_t index, std::uint64_t otherwise) -> std::uint64_t {
        const std::size_t offset = index * 4;
        return offset + 4 <= description.size() ? load_u32(description, offset) : otherwise;
    };
    const std::uint64_t alignment =
        word(0, segment_alignment >= kPageSize ? segment_alignment : kDefaultAlignment);
    if (alignment == 0 || (alignment & (alignment - 1)) != 0 || alignment > kGiB) {
        return std::nullopt;
    }
    return PvhRelocation{alignment, word(1, 0), word(2, kDefaultHighest) + 1};
}

std::uint64_t largest_alignment(const ElfImage& image) {
    std::uint64_t largest = 0;
    for (const ElfSegment& segment : image.segments) {
        largest = std::max(largest, segment.alignment);
    }
    return largest;
}

}  // namespace

void read_xen_notes(std::span<const std::uint8_t> notes, ElfImage& image) {
    std::size_t offset = 0;
    // Each turn moves on by at least the header, so the loop ends.
    while (notes.size() - offset >= sizeof(Elf32_Nhdr)) {
        const std::uint64_t name_size = load_u32(notes, offset);
        const std::uint64_t description_size = load_u32(notes, offset + 4);
        const std::uint32_t type = load_u32(notes, offset + 8);
        const std::uint64_t left = notes.size() - offset;
        const std::uint64_t description_at = sizeof(Elf32_Nhdr) + align_up(name_size, 4);
        if (description_at > left || description_size > left - description_at) {
            return;
        }
        const auto name = notes.subspan(offset + sizeof(Elf32_Nhdr), name_size);
        const auto description = notes.subspan(offset + description_at, description_size);
        if (name.size() == kXenOwner.size() &&
            std::memcmp(name.data(), kXenOwner.data(), name.size()) == 0) {
            if (type == kXenPhys32Entry && !image.pvh_entry.has_value()) {
                image.pvh_entry = read_entry(description);
            } else if (type == kXenPhys32Reloc && !image.pvh_relocation.has_value()) {
                image.pvh_relocation = read_relocation(description, largest_alignment(image));
            }
        }
        const std::uint64_t whole = description_at + align_up(description_size, 4);
        if (whole > left) {
            return;
        }
        offset += whole;
    }
}

std::string elf_machine_name(unsigned machine) {
    switch (machine) {
        case EM_AARCH64:
            return "aarch64";
        case EM_ARM:
            return "32-bit ARM";
        case EM_RISCV:
            return "RISC-V";
        case EM_PPC64:
            return "64-bit PowerPC";
        case EM_PPC:
            return "PowerPC";
        case EM_S390:
            return "s390";
        case EM_MIPS:
            return "MIPS";
        case EM_IA_64:
            return "Itanium";
        case 258:  // EM_LOONGARCH
            return "LoongArch";
        default:
            return fmt::format("machine {}", machine);
    }
}

}  // namespace skiff::boot
