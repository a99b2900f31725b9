// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/guest_address.h"
#include "base/result.h"
#include "base/units.h"
#include "boot/memory_plan.h"

/// Where the loader puts its own data below 1 MiB (docs/boot.md has the whole map). Page 0 stays
/// empty: PVH takes an address of 0 for "none", and null pointers of the guest should find nothing.
namespace skiff::boot::x86_64 {

inline constexpr GuestAddress kGdtAddress{0x1000};
inline constexpr GuestAddress kStartInfoAddress{0x2000};
inline constexpr GuestAddress kZeroPageAddress{0x7000};
inline constexpr GuestAddress kPageTablesAddress{0x9000};
/// setup_data of the Linux protocols: room for the device tree up to the command line.
inline constexpr GuestRange kSetupDataRange{GuestAddress(0x10000), 0x10000};
inline constexpr GuestAddress kCmdlineAddress{0x20000};

/// Where firmware has the 8259s' interrupts.
inline constexpr std::uint8_t kMasterIrqVector = 0x08;
inline constexpr std::uint8_t kSlaveIrqVector = 0x70;

/// End of conventional memory: 1 KiB of extended BIOS data area below 640 KiB follows.
inline constexpr std::uint64_t kLowRamEnd = 0x9fc00;
inline constexpr std::uint64_t kHighRamStart = kMiB;

/// EBDA, video memory and BIOS area: never given to the guest as RAM. RSDP, ACPI and MP tables are
/// there, written by others, and the handlers of real mode's interrupts.
inline constexpr GuestRange kReservedLowRange{GuestAddress(kLowRamEnd), kHighRamStart - kLowRamEnd};

/// Claims a place for the loader's data: `preferred`, and where something of the guest's lies
/// there, the highest free one below 640 KiB, or else the lowest above 1 MiB. A user error where
/// there is none below 4 GiB.
Result<GuestAddress> claim_low(MemoryPlan& plan, const std::string& name, std::uint64_t size_bytes,
                               std::uint64_t alignment, GuestAddress preferred);

}  // namespace skiff::boot::x86_64
