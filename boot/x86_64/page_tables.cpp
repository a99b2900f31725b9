// SPDX-License-Identifier: Apache-2.0
#include "boot/x86_64/page_tables.h"

#include <array>

#include "base/check.h"
#include "boot/x86_64/low_memory.h"

namespace skiff::boot::x86_64 {
namespace {

// Intel SDM volume 3, section 4.5 (4-level paging), tables 4-15 to 4-18. Accessed and dirty are set
// already, so that walking the tables writes nothing.
constexpr std::uint64_t kPresent = 1 << 0;
constexpr std::uint64_t kWritable = 1 << 1;
constexpr std::uint64_t kAccessed = 1 << 5;
constexpr std::uint64_t kDirty = 1 << 6;
constexpr std::uint64_t kLargePage = 1 << 7;
constexpr std::uint64_t kTableFlags = kPresent | kWritable | kAccessed;
constexpr std::uint64_t kPageFlags = kTableFlags | kDirty | kLargePage;

constexpr std::uint64_t kLargePageSize = 2 * kMiB;
constexpr std::size_t kEntries = 512;
constexpr std::size_t kDirectories = kIdentityMapEnd / kGiB;
constexpr std::size_t kTables = 2 + kDirectories;

using Table = std::array<std::uint64_t, kEntries>;

}  // namespace

Result<void> write_page_tables(GuestMemory& memory, MemoryPlan& plan, EntryState& entry) {
    SKIFF_ASSIGN_OR_RETURN(
        const GuestAddress place,
        claim_low(plan, "the page tables", kTables * kPageSize, kPageSize, kPageTablesAddress));
    const std::uint64_t base = place.value();
    std::array<Table, kTables> tables{};
    Table& root = tables[0];
    Table& pointers = tables[1];
    root[0] = (base + kPageSize) | kTableFlags;
    for (std::size_t directory = 0; directory < kDirectories; ++directory) {
        pointers[directory] = (base + (2 + directory) * kPageSize) | kTableFlags;
        for (std::size_t i = 0; i < kEntries; ++i) {
            const std::uint64_t page = directory * kEntries + i;
            tables[2 + directory][i] = (page * kLargePageSize) | kPageFlags;
        }
    }
    SKIFF_CHECK(memory.write(place, tables));
    entry.cr3 = base;
    return {};
}

}  // namespace skiff::boot::x86_64
