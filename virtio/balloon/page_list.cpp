// SPDX-License-Identifier: Apache-2.0
#include "virtio/balloon/page_list.h"

#include <algorithm>

#include "virtio/balloon/balloon_registers.h"

namespace skiff::virtio::balloon {

std::vector<GuestRange> merge_pages(std::vector<std::uint32_t> page_numbers) {
    std::sort(page_numbers.begin(), page_numbers.end());
    page_numbers.erase(std::unique(page_numbers.begin(), page_numbers.end()), page_numbers.end());
    std::vector<GuestRange> ranges;
    for (const std::uint32_t number : page_numbers) {
        const std::uint64_t start = number * kPageBytes;
        if (!ranges.empty() && ranges.back().end() == start) {
            ranges.back().size_bytes += kPageBytes;
        } else {
            ranges.push_back({GuestAddress(start), kPageBytes});
        }
    }
    return ranges;
}

}  // namespace skiff::virtio::balloon
