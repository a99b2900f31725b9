// SPDX-License-Identifier: Apache-2.0
#include "boot/virtio_mmio_parameters.h"

#include <fmt/format.h>

#include "base/units.h"

namespace skiff::boot {
namespace {

/// "4K", as the kernel's memparse() reads it.
std::string size_text(std::uint64_t size_bytes) {
    return is_aligned(size_bytes, kKiB) ? fmt::format("{}K", size_bytes / kKiB)
                                        : fmt::format("{}", size_bytes);
}

}  // namespace

std::string virtio_mmio_parameters(std::span<const VirtioMmioSlot> slots) {
    std::string parameters;
    for (const VirtioMmioSlot& slot : slots) {
        parameters += fmt::format(
            "{}virtio_mmio.device={}@{:#x}:{}:{}", parameters.empty() ? "" : " ",
            size_text(slot.registers.size_bytes), slot.registers.start.value(), slot.gsi, slot.id);
    }
    return parameters;
}

}  // namespace skiff::boot
