// SPDX-License-Identifier: Apache-2.0
#include "virtio/console/control_queues.h"

#include <utility>

#include "virtio/console/console_device.h"

namespace skiff::virtio::console {

ControlReceiveQueue::ControlReceiveQueue(ConsoleDevice& device, const QueueContext& context)
    : PortQueue(context), device_(device) {
    device.set_control_receiver(this);
}

Progress ControlReceiveQueue::process() {
    while (ConsolePort* const port = device_.port_with_message()) {
        const auto message = port->next_message();
        auto chain = queue().pop();
        if (!chain.has_value()) {
            return Progress::kDrained;
        }
        // 5.3.6.1; and a message is not cut.
        if (chain->readable_bytes() != 0 || !chain->write(*message)) {
            queue().refuse(std::move(*chain));
            return Progress::kDrained;
        }
        port->message_was_sent();
        queue().complete(std::move(*chain), static_cast<std::uint32_t>(message->size()));
    }
    return Progress::kBlocked;
}

void ControlReceiveQueue::stop() {
    device_.set_control_receiver(nullptr);
    PortQueue::stop();
}

ControlTransmitQueue::ControlTransmitQueue(ConsoleDevice& device, const QueueContext& context)
    : PortQueue(context), device_(device) {}

Progress ControlTransmitQueue::process() {
    // A driver that adds while we serve gets no more than a queue at a time.
    for (unsigned left = queue().size(); left != 0; --left) {
        auto chain = queue().pop();
        if (!chain.has_value()) {
            break;
        }
        if (chain->writable_bytes() != 0) {
            queue().refuse(std::move(*chain));  // 5.3.6.1
            break;
        }
        device_.take_message(chain->read<ControlMessage>());
        queue().complete(std::move(*chain), 0);
    }
    return Progress::kDrained;
}

}  // namespace skiff::virtio::console
