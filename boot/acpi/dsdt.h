// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "boot/acpi/acpi_config.h"
#include "boot/acpi/aml.h"

namespace skiff::boot::acpi {

/// The DSDT's definition block (without the table's header): \_S5, and under \_SB the CPUs, the
/// devices, the power button and the generic event device that reports it.
aml::Code dsdt_code(const AcpiConfig& config);

}  // namespace skiff::boot::acpi
