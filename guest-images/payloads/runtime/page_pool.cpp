// SPDX-License-Identifier: Apache-2.0
#include "runtime/page_pool.h"

#include "runtime/boot_info.h"

namespace payload {
namespace {

// Above all that a VMM puts beside a small payload: its tables, start info and command line.
std::uint64_t next_free = 16ull << 20;

}  // namespace

std::uint64_t pool_end() {
    static std::uint64_t end = 0;
    const StartInfo* info = start_info();
    if (end != 0 || info == nullptr || info->version == 0) {
        return end;
    }
    const auto* ranges = reinterpret_cast<const MemoryRange*>(info->memory_map_address);
    for (std::uint32_t i = 0; i < info->memory_map_entries; ++i) {
        const MemoryRange& range = ranges[i];
        if (range.type == kMemoryTypeRam && range.address <= next_free &&
            next_free - range.address < range.size) {
            end = range.address + range.size;
        }
    }
    return end;
}

std::uint64_t allocate_pages(std::uint64_t count) {
    if (next_free >= pool_end() || count > (pool_end() - next_free) / kPageSize) {
        return 0;
    }
    const std::uint64_t pages = next_free;
    next_free += count * kPageSize;
    return pages;
}

}  // namespace payload
