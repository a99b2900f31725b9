// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/queue.h"

/// Interrupts of virtio devices, through the IOAPIC to the boot processor.
namespace payload::virtio {

/// Switches the interrupt controllers on and routes the device's interrupt. Its handler reads
/// InterruptStatus, acknowledges what it saw (4.2.3.4) and counts. The device must stay where it
/// is.
void enable_interrupt(const Device& device);

struct InterruptCounts {
    std::uint32_t interrupts = 0;
    /// Of these with "used buffer" and "configuration changed" set in InterruptStatus.
    std::uint32_t used_buffer = 0;
    std::uint32_t configuration = 0;
};
InterruptCounts interrupt_counts(const Device& device);

/// Sleeps until an interrupt has come and the queue has a used request; false if that does not come
/// in the usual patience. The queue's interrupt must have been armed before the request was
/// published. Only interrupts of the device are believed: a request that was used without one is
/// not found.
bool sleep_until_used(Queue& queue, Completion& completion);

/// Sleeps until another configuration change has been announced after `seen` of them.
bool sleep_until_configuration_change(const Device& device, std::uint32_t seen);

}  // namespace payload::virtio
