// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "boot/virtio_mmio_slot.h"

namespace skiff::machine::x86_64 {

/// A virtio device needs an interrupt of its own, and so many are left beside the PC's devices.
inline constexpr std::size_t kMaxVirtioDevices = 17;

/// The first `count` places for virtio devices: a page each from 0xd0000000, an interrupt each.
std::vector<boot::VirtioMmioSlot> virtio_slots(std::size_t count);

}  // namespace skiff::machine::x86_64
