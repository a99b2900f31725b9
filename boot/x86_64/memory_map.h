// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

#include "base/guest_address.h"
#include "base/guest_memory.h"

namespace skiff::boot::x86_64 {

/// Address range types of the E820 map, which PVH shares (ACPI 6.5, table 15.6).
enum class MemoryType : std::uint32_t {
    kRam = 1,
    kReserved = 2,
};

struct MemoryMapEntry {
    GuestRange range;
    MemoryType type = MemoryType::kRam;
};

/// The map that the guest gets, ascending: its RAM, and the reserved range below 1 MiB taken out.
std::vector<MemoryMapEntry> make_memory_map(const GuestMemory& memory);

}  // namespace skiff::boot::x86_64
