// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/guest_memory.h"
#include "base/result.h"
#include "boot/fdt/device_nodes.h"
#include "boot/memory_plan.h"
#include "boot/virtio_mmio_slot.h"

namespace skiff::boot::x86_64 {

/// The device tree of an x86 guest: chosen, memory, the I/O APIC and the virtio devices.
///
/// It has no CPUs: a kernel without ACPI counts those of the MP table in addition to those of the
/// tree (arch/x86/kernel/setup.c: x86_dtb_init(), then get_smp_config()). What x86 kernels take
/// from a tree is in docs/boot.md.
Result<std::vector<std::uint8_t>> make_device_tree(const GuestMemory& memory,
                                                   const fdt::Chosen& chosen,
                                                   std::span<const VirtioMmioSlot> slots);

/// Claims its place below 1 MiB and writes the tree as the only node of the setup_data list
/// (boot.rst, setup_data: SETUP_DTB). Answers the node's address, for setup_header.setup_data.
Result<GuestAddress> write_setup_dtb(GuestMemory& memory, MemoryPlan& plan,
                                     std::span<const std::uint8_t> tree);

}  // namespace skiff::boot::x86_64
