// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/dump/guest_mappings.h"

#include <algorithm>
#include <array>
#include <optional>

#include "base/units.h"
#include "vmm/machine/careful_memory.h"
#include "vmm/machine/debug/x86_64/paging_bits.h"

namespace skiff::machine {
namespace {

using x86_64::kAddressMask;
using x86_64::kCr0Paging;
using x86_64::kCr4FiveLevels;
using x86_64::kEferLongModeActive;
using x86_64::kLarge;
using x86_64::kPresent;

constexpr std::size_t kEntries = 512;

/// Tables that refer to each other in a circle look endless: 64 MiB of them are read.
constexpr unsigned kMaxTables = 16 * 1024;
/// How many mappings are looked at before the largest are chosen.
constexpr std::size_t kMaxCollected = 32 * 1024;
constexpr std::uint64_t kUpperHalf = 0x8000'0000'0000'0000;

/// Puts mappings together that follow each other, clipped to RAM.
class Collector {
  public:
    explicit Collector(const GuestMemory& memory) : memory_(memory) {}

    bool is_full() const { return mappings_.size() >= kMaxCollected; }

    void add(GuestMapping mapping) {
        for (const GuestMemory::Region& region : memory_.regions()) {
            const std::uint64_t start =
                std::max(mapping.physical_address, region.range.start.value());
            const std::uint64_t end =
                std::min(mapping.physical_address + mapping.size, region.range.end());
            if (start < end) {
                append({mapping.virtual_address + (start - mapping.physical_address), start,
                        end - start});
            }
        }
    }

    std::vector<GuestMapping> take() { return std::move(mappings_); }

  private:
    void append(const GuestMapping& mapping) {
        if (!mappings_.empty()) {
            GuestMapping& last = mappings_.back();
            if (last.virtual_address + last.size == mapping.virtual_address &&
                last.physical_address + last.size == mapping.physical_address) {
                last.size += mapping.size;
                return;
            }
        }
        if (!is_full()) {
            mappings_.push_back(mapping);
        }
    }

    const GuestMemory& memory_;
    std::vector<GuestMapping> mappings_;
};

/// Four and five levels (4.5). Recursion ends at the last level.
class LongModeWalk {
  public:
    LongModeWalk(const GuestMemory& memory, Collector& collector)
        : memory_(memory), collector_(collector) {}

    void table(std::uint64_t address, std::uint64_t virtual_base, unsigned shift) {
        std::array<std::uint64_t, kEntries> entries{};
        const std::span bytes(reinterpret_cast<std::uint8_t*>(entries.data()), sizeof entries);
        if (tables_ == kMaxTables || collector_.is_full() ||
            !read_carefully(memory_, GuestAddress(address), bytes)) {
            return;
        }
        ++tables_;
        for (std::size_t i = 0; i < kEntries; ++i) {
            const std::uint64_t entry = entries.at(i);
            if ((entry & kPresent) == 0) {
                continue;
            }
            const std::uint64_t start = sign_extended(virtual_base + (std::uint64_t{i} << shift));
            const std::uint64_t size = std::uint64_t{1} << shift;
            const bool is_page =
                shift == 12 || ((shift == 21 || shift == 30) && (entry & kLarge) != 0);
            if (is_page) {
                collector_.add({start, entry & kAddressMask & ~(size - 1), size});
            } else {
                table(entry & kAddressMask, start, shift - 9);
            }
        }
    }

    void set_top(unsigned top_bit) { top_bit_ = top_bit; }

  private:
    std::uint64_t sign_extended(std::uint64_t address) const {
        const std::uint64_t sign = std::uint64_t{1} << top_bit_;
        return (address & sign) != 0 ? address | ~(sign * 2 - 1) : address;
    }

    const GuestMemory& memory_;
    Collector& collector_;
    unsigned tables_ = 0;
    unsigned top_bit_ = 47;
};

/// The other modes have 4 GiB, which is few enough pages to ask for each.
void walk_by_pages(const GuestMemory& memory, const x86_64::PagingMode& mode,
                   Collector& collector) {
    std::uint64_t address = 0;
    while (address < 4 * kGiB && !collector.is_full()) {
        const auto page = x86_64::translate(memory, mode, address);
        const std::uint64_t size = page.has_value() ? page->left_in_page : kPageSize;
        if (page.has_value()) {
            collector.add({address, page->address.value(), size});
        }
        address += size;
    }
}

}  // namespace

std::vector<GuestMapping> guest_mappings(const GuestMemory& memory,
                                         const x86_64::PagingMode& mode) {
    Collector collector(memory);
    if ((mode.cr0 & kCr0Paging) == 0) {
        for (const GuestMemory::Region& region : memory.regions()) {
            const std::uint64_t start = region.range.start.value();
            collector.add({start, start, region.range.size_bytes});
        }
    } else if ((mode.efer & kEferLongModeActive) != 0) {
        const bool five_levels = (mode.cr4 & kCr4FiveLevels) != 0;
        LongModeWalk walk(memory, collector);
        walk.set_top(five_levels ? 56 : 47);
        walk.table(mode.cr3 & kAddressMask, 0, five_levels ? 48 : 39);
    } else {
        walk_by_pages(memory, mode, collector);
    }
    std::vector<GuestMapping> mappings = collector.take();
    if (mappings.size() > kMaxGuestMappings) {
        std::stable_sort(
            mappings.begin(), mappings.end(),
            [](const GuestMapping& a, const GuestMapping& b) { return a.size > b.size; });
        mappings.resize(kMaxGuestMappings);
        std::sort(mappings.begin(), mappings.end(),
                  [](const GuestMapping& a, const GuestMapping& b) {
                      return a.virtual_address < b.virtual_address;
                  });
    }
    return mappings;
}

std::uint64_t direct_map_offset(const std::vector<GuestMapping>& mappings) {
    const GuestMapping* largest = nullptr;
    for (const GuestMapping& mapping : mappings) {
        const bool is_larger = largest == nullptr || mapping.size > largest->size;
        if (mapping.virtual_address >= kUpperHalf && is_larger) {
            largest = &mapping;
        }
    }
    return largest == nullptr ? 0 : largest->virtual_address - largest->physical_address;
}

}  // namespace skiff::machine
