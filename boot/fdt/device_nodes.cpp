// SPDX-License-Identifier: Apache-2.0
#include "boot/fdt/device_nodes.h"

#include <fmt/format.h>

namespace skiff::boot::fdt {

void add_root_properties(FdtWriter& writer, const std::string& compatible,
                         std::uint32_t interrupt_parent) {
    writer.add_string("compatible", compatible);
    writer.add_string("model", "skiff");
    writer.add_u32("#address-cells", 2);
    writer.add_u32("#size-cells", 2);
    writer.add_u32("interrupt-parent", interrupt_parent);
}

void add_chosen(FdtWriter& writer, const Chosen& chosen) {
    const FdtWriter::Node node(writer, "chosen");
    writer.add_string("bootargs", chosen.cmdline);
    if (chosen.initrd.has_value()) {
        writer.add_u64s("linux,initrd-start", {chosen.initrd->start.value()});
        writer.add_u64s("linux,initrd-end", {chosen.initrd->end()});
    }
}

void add_memory(FdtWriter& writer, std::span<const GuestMemory::Region> regions) {
    for (const GuestMemory::Region& region : regions) {
        const std::uint64_t start = region.range.start.value();
        const FdtWriter::Node node(writer, fmt::format("memory@{:x}", start));
        writer.add_string("device_type", "memory");
        writer.add_u64s("reg", {start, region.range.size_bytes});
    }
}

void add_virtio_mmio(FdtWriter& writer, std::span<const VirtioMmioSlot> slots,
                     InterruptCells interrupt_cells) {
    for (const VirtioMmioSlot& slot : slots) {
        const std::uint64_t start = slot.registers.start.value();
        const FdtWriter::Node node(writer, fmt::format("virtio_mmio@{:x}", start));
        writer.add_string("compatible", "virtio,mmio");
        writer.add_u64s("reg", {start, slot.registers.size_bytes});
        writer.add_cells("interrupts", interrupt_cells(slot.gsi));
        writer.add_flag("dma-coherent");
    }
}

}  // namespace skiff::boot::fdt
