// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"

namespace skiff::boot {

/// vmlinux.relocs: where a Linux kernel holds absolute addresses of itself. The kernel's build
/// appends the tables to the ELF inside of a bzImage (arch/x86/tools/relocs.c writes them,
/// handle_relocations() in arch/x86/boot/compressed/misc.c reads them). Each entry is the low half
/// of the linked virtual address of a value to adjust.
struct RelocationTables {
    std::vector<std::uint32_t> add_64;       ///< 64-bit values, the displacement is added.
    std::vector<std::uint32_t> subtract_32;  ///< 32-bit values, it is subtracted (per-CPU offsets).
    std::vector<std::uint32_t> add_32;       ///< 32-bit values, it is added.

    bool empty() const { return add_64.empty() && subtract_32.empty() && add_32.empty(); }
};

/// Reads the tables behind the ELF in an unpacked payload. Empty where nothing follows the ELF;
/// a user error where what follows are no such tables.
Result<RelocationTables> read_relocations(const File& unpacked, bool is_64_bit);

/// Where the kernel was linked and where it is.
struct RelocationTarget {
    /// Linked virtual address minus linked physical address.
    std::uint64_t virtual_offset = 0;
    /// Guest RAM that holds the kernel now: no other byte is changed.
    GuestRange image;
    /// Physical place minus linked physical place.
    std::uint64_t physical_displacement = 0;
    /// Virtual place minus linked virtual place: what is added to (subtracted from) the values.
    std::uint64_t virtual_displacement = 0;
};

/// Adjusts the kernel in guest memory. A user error where an entry points outside of it.
Result<void> apply_relocations(GuestMemory& memory, const RelocationTables& tables,
                               const RelocationTarget& target);

}  // namespace skiff::boot
