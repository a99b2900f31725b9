// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "virtio/device.h"
#include "virtio/vsock/vsock_device.h"

namespace skiff::virtio::vsock {

/// The running transmit queue (VIRTIO 1.2, 5.10.6.1): each chain is one packet of the guest, and is
/// done with at once. Stops only while the guest owes us attention for too many of our resets.
class TxQueue final : public QueueHandler {
  public:
    TxQueue(VsockDevice& device, const QueueContext& context);

    Progress process() override;
    void stop() override;

    /// The guest has taken packets: goes on soon, where that was waited for.
    void go_on();

  private:
    VsockDevice& device_;
    const QueueContext& context_;
    Virtqueue& queue_;
    bool waits_ = false;
    std::shared_ptr<TxQueue*> self_;  // for tasks that may come after stop()
};

}  // namespace skiff::virtio::vsock
