// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/x86_64/memory_layout.h"

#include <algorithm>

namespace skiff::machine::x86_64 {

std::vector<GuestRange> ram_ranges(std::uint64_t memory_bytes) {
    const std::uint64_t low = std::min(memory_bytes, kDeviceHoleStart);
    std::vector<GuestRange> ranges = {GuestRange{GuestAddress(0), low}};
    if (memory_bytes > low) {
        ranges.push_back({GuestAddress(kDeviceHoleEnd), memory_bytes - low});
    }
    return ranges;
}

}  // namespace skiff::machine::x86_64
