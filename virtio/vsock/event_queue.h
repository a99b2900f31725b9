// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "virtio/device.h"
#include "virtio/vsock/vsock_device.h"

namespace skiff::virtio::vsock {

/// The running event queue (VIRTIO 1.2, 5.10.6.7). The driver's buffers stay in the ring until
/// there is an event.
class EventQueue final : public QueueHandler {
  public:
    EventQueue(VsockDevice& device, const QueueContext& context);

    Progress process() override { return Progress::kBlocked; }
    void stop() override { device_.set_event_queue(nullptr); }

    /// False where the driver gave no buffer for it.
    bool send(std::uint32_t event_id);

  private:
    VsockDevice& device_;
    Virtqueue& queue_;
};

}  // namespace skiff::virtio::vsock
