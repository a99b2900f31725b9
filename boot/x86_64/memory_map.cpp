// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/memory_map.h"

#include <algorithm>

#include "boot/x86_64/low_memory.h"

namespace skiff::boot::x86_64 {

std::vector<MemoryMapEntry> make_memory_map(const GuestMemory& memory) {
    std::vector<MemoryMapEntry> map;
    const auto add = [&map](std::uint64_t start, std::uint64_t end, MemoryType type) {
        if (start < end) {
            map.push_back({{GuestAddress(start), end - start}, type});
        }
    };
    for (const GuestMemory::Region& region : memory.regions()) {
        const std::uint64_t start = region.range.start.value();
        const std::uint64_t end = region.range.end();
        add(start, std::min(end, kLowRamEnd), MemoryType::kRam);
        // Reserved even where the RAM ends below 1 MiB: the tables of the BIOS area are found
        // there.
        if (start < kHighRamStart) {
            add(kLowRamEnd, kHighRamStart, MemoryType::kReserved);
        }
        add(std::max(start, kHighRamStart), end, MemoryType::kRam);
    }
    return map;
}

}  // namespace skiff::boot::x86_64
