// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"

namespace skiff::boot::x86_64 {

/// Where the MP table goes: the BIOS ROM part of low memory, one of the places that a guest scans
/// for the floating pointer (MultiProcessor Specification 1.4, chapter 4). The pointer is at its
/// start.
inline constexpr GuestRange kMpTableArea = {GuestAddress(0xf0000), 0x10000};

/// Describes 1 to 254 CPUs, the I/O APIC and its interrupts for guests without ACPI. Fails where
/// the area is not RAM.
Result<void> write_mp_table(GuestMemory& memory, unsigned cpu_count);

}  // namespace skiff::boot::x86_64
