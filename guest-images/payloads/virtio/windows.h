// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Which register windows the command line announces.
namespace payload::virtio {

/// One `virtio_mmio.device=SIZE@ADDRESS:IRQ[:ID]` (Linux, drivers/virtio/virtio_mmio.c).
struct Window {
    std::uint64_t size = 0;
    std::uint64_t address = 0;
    std::uint32_t irq = 0;
};

/// The `number`th window (0 is the first) in the order of the command line, mapped and ready to
/// use. False where fewer are announced. A word that cannot be read is printed and passed over.
bool announced_window(unsigned number, Window& window);

}  // namespace payload::virtio
