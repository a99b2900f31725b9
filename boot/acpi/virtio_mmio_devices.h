// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <vector>

#include "boot/acpi/acpi_config.h"
#include "boot/virtio_mmio_slot.h"

namespace skiff::boot::acpi {

/// The devices as the DSDT has them: V000, V001, … with the id that Linux' virtio_mmio driver asks
/// for (drivers/virtio/virtio_mmio.c).
std::vector<AcpiDevice> virtio_mmio_devices(std::span<const VirtioMmioSlot> slots);

}  // namespace skiff::boot::acpi
