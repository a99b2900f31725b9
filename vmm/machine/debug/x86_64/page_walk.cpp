// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/debug/x86_64/page_walk.h"

#include "vmm/machine/debug/x86_64/paging_bits.h"

namespace skiff::machine::x86_64 {
namespace {

constexpr unsigned kPageBits = 12;
constexpr unsigned kGibibytePageBits = 30;

struct Level {
    unsigned index_bits;  ///< How many bits of the address choose an entry.
    unsigned shift;       ///< Where they begin: also log2 of what an entry maps.
};

PageTranslation in_page(std::uint64_t page, std::uint64_t linear_address, unsigned page_bits) {
    const std::uint64_t size = std::uint64_t{1} << page_bits;
    const std::uint64_t offset = linear_address & (size - 1);
    return {GuestAddress((page & ~(size - 1)) | offset), size - offset};
}

std::uint64_t entry_address(std::uint64_t table, std::uint64_t linear_address, const Level& level,
                            std::uint64_t entry_bytes) {
    const std::uint64_t mask = (std::uint64_t{1} << level.index_bits) - 1;
    return table + ((linear_address >> level.shift) & mask) * entry_bytes;
}

/// 4.3: two levels of 32-bit entries.
std::optional<PageTranslation> walk_32_bit(const GuestMemory& memory, const PagingMode& mode,
                                           std::uint64_t linear_address) {
    constexpr Level kDirectory{10, 22};
    constexpr Level kTable{10, 12};
    const std::uint64_t root = mode.cr3 & 0xffff'f000;
    const auto directory = memory.read<std::uint32_t>(
        GuestAddress(entry_address(root, linear_address, kDirectory, 4)));
    if (!directory.has_value() || (*directory & kPresent) == 0) {
        return std::nullopt;
    }
    if ((*directory & kLarge) != 0 && (mode.cr4 & kCr4PageSizeExtension) != 0) {
        // Bits 20..13 of the entry are bits 39..32 of the address (PSE-36).
        const std::uint64_t high = (std::uint64_t{*directory} >> 13 & 0xff) << 32;
        return in_page(high | (*directory & 0xffc0'0000), linear_address, kDirectory.shift);
    }
    const auto page = memory.read<std::uint32_t>(
        GuestAddress(entry_address(*directory & 0xffff'f000, linear_address, kTable, 4)));
    if (!page.has_value() || (*page & kPresent) == 0) {
        return std::nullopt;
    }
    return in_page(*page & 0xffff'f000, linear_address, kPageBits);
}

/// 4.4 and 4.5: levels of 512 entries of 64 bits, from `shift` down to the page.
std::optional<PageTranslation> walk_64_bit(const GuestMemory& memory, std::uint64_t table,
                                           std::uint64_t linear_address, unsigned shift) {
    for (; shift >= kPageBits; shift -= 9) {
        const auto entry = memory.read<std::uint64_t>(
            GuestAddress(entry_address(table, linear_address, {9, shift}, 8)));
        if (!entry.has_value() || (*entry & kPresent) == 0) {
            return std::nullopt;
        }
        table = *entry & kAddressMask;
        const bool may_be_large = shift > kPageBits && shift <= kGibibytePageBits;
        if (shift == kPageBits || (may_be_large && (*entry & kLarge) != 0)) {
            return in_page(table, linear_address, shift);
        }
    }
    return std::nullopt;
}

/// 4.4: four pointers, of 1 GiB each, then two levels.
std::optional<PageTranslation> walk_pae(const GuestMemory& memory, const PagingMode& mode,
                                        std::uint64_t linear_address) {
    constexpr Level kPointers{2, 30};
    const std::uint64_t root = mode.cr3 & 0xffff'ffe0;
    const auto pointer =
        memory.read<std::uint64_t>(GuestAddress(entry_address(root, linear_address, kPointers, 8)));
    if (!pointer.has_value() || (*pointer & kPresent) == 0) {
        return std::nullopt;
    }
    return walk_64_bit(memory, *pointer & kAddressMask, linear_address, 21);
}

/// Whether all bits from `top` up are the same.
bool is_canonical(std::uint64_t address, unsigned top) {
    const std::uint64_t high = address >> top;
    return high == 0 || high == ~std::uint64_t{0} >> top;
}

}  // namespace

std::optional<PageTranslation> translate(const GuestMemory& memory, const PagingMode& mode,
                                         std::uint64_t linear_address) {
    const bool long_mode = (mode.efer & kEferLongModeActive) != 0;
    if (!long_mode && linear_address > 0xffff'ffff) {
        return std::nullopt;
    }
    if ((mode.cr0 & kCr0Paging) == 0) {
        return in_page(linear_address, linear_address, kPageBits);
    }
    if (long_mode) {
        const bool five_levels = (mode.cr4 & kCr4FiveLevels) != 0;
        if (!is_canonical(linear_address, five_levels ? 56 : 47)) {
            return std::nullopt;
        }
        return walk_64_bit(memory, mode.cr3 & kAddressMask, linear_address, five_levels ? 48 : 39);
    }
    if ((mode.cr4 & kCr4PhysicalAddressExtension) != 0) {
        return walk_pae(memory, mode, linear_address);
    }
    return walk_32_bit(memory, mode, linear_address);
}

}  // namespace skiff::machine::x86_64
