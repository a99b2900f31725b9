// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/guest_memory.h"
#include "vmm/machine/debug/x86_64/page_walk.h"

namespace skiff::machine {

/// Virtual addresses that follow each other and whose physical addresses do too.
struct GuestMapping {
    std::uint64_t virtual_address = 0;
    std::uint64_t physical_address = 0;
    std::uint64_t size = 0;
};

/// How many are given at most: the largest.
inline constexpr std::size_t kMaxGuestMappings = 2048;

/// All of RAM that the guest's page tables map, by virtual address; without paging, as it is. The
/// tables are hostile: what is read of them is bounded, and what lies outside of RAM left out.
std::vector<GuestMapping> guest_mappings(const GuestMemory& memory, const x86_64::PagingMode& mode);

/// What is to be added to a physical address to get the virtual one by which the guest's kernel
/// reaches all of RAM (Linux: page_offset_base), judged by the largest mapping in the upper half of
/// the address space; 0 where there is none.
std::uint64_t direct_map_offset(const std::vector<GuestMapping>& mappings);

}  // namespace skiff::machine
