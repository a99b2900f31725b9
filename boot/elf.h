// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"

namespace skiff::boot {

/// One PT_LOAD entry, validated: file_size ≤ memory_size, file bytes inside the file, no wrapping.
struct ElfSegment {
    std::uint64_t file_offset = 0;
    std::uint64_t physical_address = 0;
    std::uint64_t virtual_address = 0;
    std::uint64_t file_size = 0;
    std::uint64_t memory_size = 0;
    std::uint64_t alignment = 0;
};

/// XEN_ELFNOTE_PHYS32_RELOC: the PVH entry works at other physical addresses too (Xen,
/// xen/include/public/elfnote.h).
struct PvhRelocation {
    std::uint64_t alignment = 0;
    std::uint64_t lowest = 0;
    std::uint64_t highest_end = 0;  ///< First address behind the highest allowed byte.
};

/// What the loader needs of an x86 ELF executable, whichever its class.
struct ElfImage {
    bool is_64_bit = true;
    /// e_entry as a physical address.
    std::uint64_t entry = 0;
    std::vector<ElfSegment> segments;
    /// XEN_ELFNOTE_PHYS32_ENTRY: physical address of the PVH entry.
    std::optional<std::uint64_t> pvh_entry;
    std::optional<PvhRelocation> pvh_relocation;

    /// Lowest physical address and first one behind the image. Only where there are segments.
    std::uint64_t lowest_address() const;
    std::uint64_t end_address() const;
};

/// Reads the headers of an ELF executable for x86 (System V gABI, chapters 4 and 5). The file is
/// hostile: counts, sizes and offsets are bounded; anything out of place is a user error that names
/// the file and the flaw.
Result<ElfImage> parse_elf(const File& file);

}  // namespace skiff::boot
