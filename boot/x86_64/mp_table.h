// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"

namespace skiff::boot::x86_64 {

/// Where the MP table's floating pointer goes: the last KiB of base memory, which guests scan
/// before the BIOS ROM (MultiProcessor Specification 1.4, chapter 4). Linux maps and unmaps a page
/// for each 16 bytes that it scans, so that an early place is worth it.
inline constexpr GuestAddress kMpFloatingPointer{0x9fc00};
/// Where the table itself goes: the BIOS ROM part of low memory.
inline constexpr GuestRange kMpTableArea = {GuestAddress(0xf0000), 0x10000};

/// Describes 1 to 254 CPUs, the I/O APIC and its interrupts for guests without ACPI. Fails where
/// the area is not RAM.
Result<void> write_mp_table(GuestMemory& memory, unsigned cpu_count);

}  // namespace skiff::boot::x86_64
