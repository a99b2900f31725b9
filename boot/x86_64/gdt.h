// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/memory_plan.h"
#include "boot/x86_64/entry_state.h"

namespace skiff::boot::x86_64 {

/// Selectors of the GDT that write_gdt() makes (boot.rst: __BOOT_CS, __BOOT_DS).
inline constexpr std::uint16_t kCodeSelector = 0x10;
inline constexpr std::uint16_t kDataSelector = 0x18;
/// A busy 32-bit TSS at 0 with limit 0x67, which PVH wants in TR (Xen, docs/misc/pvh.pandoc).
inline constexpr std::uint16_t kTaskSelector = 0x20;

/// Claims the place of the GDT, writes it for the mode of `entry` and names it there.
Result<void> write_gdt(GuestMemory& memory, MemoryPlan& plan, EntryState& entry);

}  // namespace skiff::boot::x86_64
