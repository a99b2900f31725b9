// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/low_memory.h"

#include <fmt/format.h>

namespace skiff::boot::x86_64 {

Result<GuestAddress> claim_low(MemoryPlan& plan, const std::string& name, std::uint64_t size_bytes,
                               std::uint64_t alignment, GuestAddress preferred) {
    constexpr std::uint64_t kPageZeroEnd = kPageSize;
    GuestAddress place = preferred;
    if (!plan.is_free({preferred, size_bytes})) {
        auto found = plan.find_highest(size_bytes, alignment, kLowRamEnd);
        if (!found.has_value() || found->value() < kPageZeroEnd) {
            found = plan.find_lowest(size_bytes, alignment, kHighRamStart);
        }
        if (!found.has_value() || found->value() + size_bytes > 4 * kGiB) {
            return Error::user(
                fmt::format("{} ({}) has no free place in guest memory below 4 GiB: give the guest "
                            "more memory",
                            name, format_size(size_bytes)));
        }
        place = *found;
    }
    SKIFF_RETURN_IF_ERROR(plan.claim(name, {place, size_bytes}));
    return place;
}

}  // namespace skiff::boot::x86_64
