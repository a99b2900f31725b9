// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/guest_address.h"

namespace skiff::boot {

/// Where a virtio-mmio device is: all that a guest must be told of it, since what the device is
/// stands in its registers (VIRTIO 1.2, 4.2.1). The kernel command line (virtio_mmio_parameters.h),
/// ACPI (acpi/virtio_mmio_devices.h) and the device tree (fdt/) all describe devices from this.
struct VirtioMmioSlot {
    GuestRange registers;   ///< The device's register page, below 4 GiB.
    std::uint32_t gsi = 0;  ///< Its interrupt: edge, active high, not shared.
    std::uint32_t id = 0;   ///< Counts from 0: virtio-mmio.<id> in Linux, _UID in ACPI.
};

}  // namespace skiff::boot
