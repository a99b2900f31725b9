// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "boot/virtio_mmio_slot.h"

namespace skiff::boot {

/// The kernel parameters that tell a Linux with CONFIG_VIRTIO_MMIO_CMDLINE_DEVICES of the devices,
/// separated by blanks: virtio_mmio.device=<size>@<base>:<irq>:<id>, in the order of `slots` (admin
/// guide, kernel-parameters.txt). Other kernels ignore them. Empty where there is no device.
std::string virtio_mmio_parameters(std::span<const VirtioMmioSlot> slots);

}  // namespace skiff::boot
