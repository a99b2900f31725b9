// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "boot/fdt/fdt_writer.h"
#include "boot/virtio_mmio_slot.h"

/// The nodes that every machine has, whatever its CPU. Addresses and sizes take two cells each, as
/// add_root_properties() declares.
namespace skiff::boot::fdt {

/// How the interrupt controller's binding writes an edge of GSI `gsi`: the architecture's.
using InterruptCells = std::vector<std::uint32_t> (*)(std::uint32_t gsi);

struct Chosen {
    std::string cmdline;
    std::optional<GuestRange> initrd;
};

/// `interrupt_parent` is the phandle of the interrupt controller that all devices are wired to.
void add_root_properties(FdtWriter& writer, const std::string& compatible,
                         std::uint32_t interrupt_parent);

/// Devicetree Specification 0.4, 3.6: command line and initrd.
void add_chosen(FdtWriter& writer, const Chosen& chosen);

/// 3.4: one node a region of RAM.
void add_memory(FdtWriter& writer, std::span<const GuestMemory::Region> regions);

/// One node a device, by Linux' binding (Documentation/devicetree/bindings/virtio/mmio.yaml).
void add_virtio_mmio(FdtWriter& writer, std::span<const VirtioMmioSlot> slots,
                     InterruptCells interrupt_cells);

}  // namespace skiff::boot::fdt
