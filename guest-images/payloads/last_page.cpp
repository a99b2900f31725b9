// SPDX-License-Identifier: Apache-2.0
// Writes a word of its own to the last page of each RAM range of PVH's memory map, to its first
// page where that is not below 2 MiB (where the payload and the loader's tables are), then reads
// all back: a page that is missing or is another one's alias shows. What lies between the ranges,
// from 3 GiB to 4 GiB, must not be RAM.
#include "runtime/boot_info.h"
#include "runtime/expect.h"
#include "runtime/memory_access.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint64_t kPageSize = 4096;
constexpr std::uint64_t kPayloadEnd = 4ull << 20;
constexpr std::uint64_t kPattern = 0x5aa5c33c0f0f9669;
constexpr std::size_t kPageLimit = 32;

std::uint64_t pages[kPageLimit];
std::size_t page_count = 0;

void remember(std::uint64_t page) {
    if (page >= kPayloadEnd && page_count < kPageLimit && map_gibibyte(page)) {
        pages[page_count++] = page;
    }
}

}  // namespace

std::uint8_t run() {
    const StartInfo* info = start_info();
    if (info == nullptr || info->version < 1 || info->memory_map_address == 0) {
        print("no memory map\n");
        return 1;
    }
    Expectations expect;
    std::uint64_t ram = 0;
    const auto* map = reinterpret_cast<const MemoryRange*>(info->memory_map_address);
    for (std::uint32_t i = 0; i < info->memory_map_entries; ++i) {
        const MemoryRange range = map[i];
        print("range ", Hex{range.address, 9}, " size ", Hex{range.size, 9}, " type ",
              std::uint64_t{range.type}, "\n");
        if (range.type == kMemoryTypeRam && range.size >= kPageSize) {
            ram += range.size;
            remember(range.address);
            remember(range.address + range.size - kPageSize);
        }
    }
    for (std::size_t i = 0; i < page_count; ++i) {
        store(pages[i], kPattern ^ pages[i]);
        store(pages[i] + kPageSize - 8, kPattern + pages[i]);
    }
    for (std::size_t i = 0; i < page_count; ++i) {
        print("page ", Hex{pages[i], 9}, "\n");
        expect.equal("first word", load<std::uint64_t>(pages[i]), kPattern ^ pages[i]);
        expect.equal("last word", load<std::uint64_t>(pages[i] + kPageSize - 8),
                     kPattern + pages[i]);
    }
    expect.is_true("a page could be tried", page_count > 0);
    expect.equal("3 GiB", load<std::uint64_t>(3ull << 30), ~std::uint64_t{0});
    print("RAM ", ram, " bytes\n");
    return expect.verdict();
}

}  // namespace payload
