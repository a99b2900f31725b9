// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/acpi/acpi_config.h"

namespace skiff::boot::acpi {

/// Where the tables go: the first part of the PC's BIOS area, where a guest that was not told of
/// the RSDP looks for it (ACPI 6.4, 5.2.5.1). The RSDP is at its start.
inline constexpr GuestRange kTableArea = {GuestAddress(0xe0000), 0x10000};

/// Writes RSDP, XSDT, FADT, MADT and DSDT (hardware-reduced ACPI 6.4) and gives the RSDP's address.
/// Fails where they do not fit, or where the area is not RAM.
Result<GuestAddress> write_acpi_tables(GuestMemory& memory, const AcpiConfig& config);

}  // namespace skiff::boot::acpi
