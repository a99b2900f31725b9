// SPDX-License-Identifier: Apache-2.0
#include "boot/acpi/virtio_mmio_devices.h"

#include <fmt/format.h>

namespace skiff::boot::acpi {

std::vector<AcpiDevice> virtio_mmio_devices(std::span<const VirtioMmioSlot> slots) {
    std::vector<AcpiDevice> devices;
    devices.reserve(slots.size());
    for (const VirtioMmioSlot& slot : slots) {
        devices.push_back({.name = fmt::format("V{:03}", slot.id),
                           .hid = "LNRO0005",
                           .uid = slot.id,
                           .memory = {slot.registers},
                           .gsis = {slot.gsi},
                           .cache_coherent = true});
    }
    return devices;
}

}  // namespace skiff::boot::acpi
