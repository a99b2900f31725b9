// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/event_queue.h"

#include <utility>

namespace skiff::virtio::vsock {

EventQueue::EventQueue(VsockDevice& device, const QueueContext& context)
    : device_(device), queue_(context.queue) {
    device_.set_event_queue(this);
}

bool EventQueue::send(std::uint32_t event_id) {
    auto chain = queue_.pop();
    if (!chain.has_value()) {
        return false;
    }
    const Event event{.id = event_id};
    if (!chain->write({reinterpret_cast<const std::uint8_t*>(&event), sizeof event})) {
        queue_.refuse(std::move(*chain));
        return false;
    }
    queue_.complete(std::move(*chain), sizeof event);
    queue_.flush();
    return true;
}

}  // namespace skiff::virtio::vsock
