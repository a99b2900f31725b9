// SPDX-License-Identifier: Apache-2.0
#include "boot/memory_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/units.h"

namespace skiff::boot {
namespace {

GuestRange range_between(std::uint64_t start, std::uint64_t end) {
    return GuestRange{GuestAddress(start), end > start ? end - start : 0};
}

/// align_up() that says where it would wrap.
std::optional<std::uint64_t> checked_align_up(std::uint64_t value, std::uint64_t alignment) {
    std::uint64_t sum = 0;
    if (__builtin_add_overflow(value, alignment - 1, &sum)) {
        return std::nullopt;
    }
    return align_down(sum, alignment);
}

}  // namespace

MemoryPlan::MemoryPlan(const GuestMemory& memory, GuestRange reserved) {
    for (const GuestMemory::Region& region : memory.regions()) {
        const std::uint64_t start = region.range.start.value();
        const std::uint64_t end = region.range.end();
        const GuestRange below = range_between(start, std::min(end, reserved.start.value()));
        const GuestRange above = range_between(std::max(start, reserved.end()), end);
        for (const GuestRange& part : {below, above}) {
            if (part.size_bytes != 0) {
                ram_.push_back(part);
            }
        }
    }
}

bool MemoryPlan::is_ram(const GuestRange& range) const {
    return std::any_of(ram_.begin(), ram_.end(), [&](const GuestRange& ram) {
        return ram.contains(range.start, range.size_bytes);
    });
}

const MemoryPlan::Claim* MemoryPlan::overlapping(const GuestRange& range) const {
    for (const Claim& claim : claims_) {
        if (claim.range.overlaps(range)) {
            return &claim;
        }
    }
    return nullptr;
}

Result<void> MemoryPlan::claim(const std::string& name, GuestRange range) {
    if (!range.is_valid()) {
        return Error::user(
            fmt::format("{} of {} at {:#x} wraps around the end of the address space", name,
                        format_size(range.size_bytes), range.start.value()));
    }
    if (!is_ram(range)) {
        return Error::user(fmt::format("{} at {} is not inside of guest RAM ({})", name,
                                       describe_range(range), describe_ram()));
    }
    if (const Claim* other = overlapping(range); other != nullptr) {
        return Error::user(fmt::format("{} at {} overlaps {} at {}", name, describe_range(range),
                                       other->name, describe_range(other->range)));
    }
    claims_.push_back({name, range});
    return {};
}

bool MemoryPlan::is_free(GuestRange range) const {
    return range.is_valid() && is_ram(range) && overlapping(range) == nullptr;
}

std::optional<GuestAddress> MemoryPlan::find_highest(std::uint64_t size, std::uint64_t alignment,
                                                     std::uint64_t end_limit) const {
    for (auto ram = ram_.rbegin(); ram != ram_.rend(); ++ram) {
        std::uint64_t end = std::min(ram->end(), end_limit);
        // Each turn ends the search or moves below another claim: at most one turn a claim.
        while (end >= size && end - size >= ram->start.value()) {
            const GuestRange candidate{GuestAddress(align_down(end - size, alignment)), size};
            if (candidate.start < ram->start) {
                break;
            }
            const Claim* const other = overlapping(candidate);
            if (other == nullptr) {
                return candidate.start;
            }
            end = other->range.start.value();
        }
    }
    return std::nullopt;
}

std::optional<GuestAddress> MemoryPlan::find_lowest(std::uint64_t size, std::uint64_t alignment,
                                                    std::uint64_t start_limit) const {
    for (const GuestRange& ram : ram_) {
        std::uint64_t start = std::max(ram.start.value(), start_limit);
        // As above: at most one turn a claim.
        while (true) {
            const auto aligned = checked_align_up(start, alignment);
            if (!aligned.has_value() || !ram.contains(GuestAddress(*aligned), size)) {
                break;
            }
            const GuestRange candidate{GuestAddress(*aligned), size};
            const Claim* const other = overlapping(candidate);
            if (other == nullptr) {
                return candidate.start;
            }
            start = other->range.end();
        }
    }
    return std::nullopt;
}

std::string MemoryPlan::describe_ram() const {
    std::string text = "RAM";
    const char* separator = " ";
    for (const GuestRange& range : ram_) {
        text += separator + describe_range(range);
        separator = ", ";
    }
    return text;
}

std::string describe_range(const GuestRange& range) {
    return fmt::format("{:#x}-{:#x}", range.start.value(), range.end());
}

}  // namespace skiff::boot
