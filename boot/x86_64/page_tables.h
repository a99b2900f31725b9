// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/guest_memory.h"
#include "base/result.h"
#include "base/units.h"
#include "boot/memory_plan.h"
#include "boot/x86_64/entry_state.h"

namespace skiff::boot::x86_64 {

/// What the page tables map one to one; kernel, zero page and command line must lie below.
inline constexpr std::uint64_t kIdentityMapEnd = 4 * kGiB;

/// Claims and writes the page tables of the 64-bit boot protocol: kIdentityMapEnd bytes mapped one
/// to one, writable and executable, with 2 MiB pages. Sets entry.cr3.
Result<void> write_page_tables(GuestMemory& memory, MemoryPlan& plan, EntryState& entry);

}  // namespace skiff::boot::x86_64
