// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "virtio/console/port_queues.h"

namespace skiff::virtio::console {

class ConsoleDevice;

/// What the driver is told of the ports (5.3.6.2), as far as it has room for it.
class ControlReceiveQueue final : public PortQueue {
  public:
    ControlReceiveQueue(ConsoleDevice& device, const QueueContext& context);
    Progress process() override;
    void stop() override;

  private:
    ConsoleDevice& device_;
};

/// What the driver says of the ports.
class ControlTransmitQueue final : public PortQueue {
  public:
    ControlTransmitQueue(ConsoleDevice& device, const QueueContext& context);
    Progress process() override;

  private:
    ConsoleDevice& device_;
};

}  // namespace skiff::virtio::console
