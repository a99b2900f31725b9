// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/mmio/mmio_registers.h"
#include "virtio/mmio/register_halves.h"
#include "virtio/queue/split_queue.h"

namespace skiff::virtio::mmio {

/// The registers of one queue, as the driver left them: any value. A plain struct, so that it can
/// be saved and restored as it is.
struct QueueRegisters {
    std::uint32_t num = 0;
    bool ready = false;
    std::uint64_t desc = 0;
    std::uint64_t driver = 0;
    std::uint64_t device = 0;

    /// QueueNum and the three addresses; not while the queue is ready (VIRTIO 1.2, 4.2.2.2).
    void write(std::uint32_t offset, std::uint32_t value) {
        switch (offset) {
            case kQueueNum:
                num = value;
                return;
            case kQueueDescLow:
                desc = with_low_half(desc, value);
                return;
            case kQueueDescHigh:
                desc = with_high_half(desc, value);
                return;
            case kQueueDriverLow:
                driver = with_low_half(driver, value);
                return;
            case kQueueDriverHigh:
                driver = with_high_half(driver, value);
                return;
            case kQueueDeviceLow:
                device = with_low_half(device, value);
                return;
            case kQueueDeviceHigh:
                device = with_high_half(device, value);
                return;
            default:
                return;
        }
    }

    QueueLayout layout() const {
        // A number that does not fit is as wrong as 0.
        return {.size = num <= 0xffff ? static_cast<std::uint16_t>(num) : std::uint16_t{0},
                .descriptor_table = GuestAddress(desc),
                .avail_ring = GuestAddress(driver),
                .used_ring = GuestAddress(device)};
    }
};

}  // namespace skiff::virtio::mmio
