// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "virtio/console/console_port.h"
#include "virtio/device.h"

namespace skiff::virtio::console {

/// What the queues of a console have in common: they go on when something else than the driver
/// says so.
class PortQueue : public QueueHandler {
  public:
    explicit PortQueue(const QueueContext& context)
        : context_(context), self_(std::make_shared<PortQueue*>(this)) {}

    /// Serves the queue in the loop's next round. On the loop's thread, also from within
    /// process() of this queue or another one.
    void resume_soon();

    void stop() override { self_.reset(); }

  protected:
    Virtqueue& queue() { return context_.queue; }

  private:
    QueueContext context_;
    bool asked_ = false;
    std::shared_ptr<PortQueue*> self_;  // for tasks that may run after us
};

/// A port's receive queue (5.3.6): input goes into the driver's buffers.
class ReceiveQueue final : public PortQueue {
  public:
    ReceiveQueue(ConsolePort& port, const QueueContext& context);
    Progress process() override;
    void stop() override;

  private:
    ConsolePort& port_;
};

/// A port's transmit queue (5.3.6): output goes to the backend. What that does not take yet stays
/// where it is, the chain is not used, and so the guest is held back.
class TransmitQueue final : public PortQueue {
  public:
    TransmitQueue(ConsolePort& port, const QueueContext& context);
    Progress process() override;
    void stop() override;

    /// At the end of the machine: sends what the guest made available, until the deadline. How
    /// many bytes could not be sent, although somebody is there to take them.
    std::uint64_t deliver_until(std::chrono::steady_clock::time_point deadline);

  private:
    enum class Step { kSent, kBackendFull, kNothingLeft };
    Step step();
    bool next_bytes();

    ConsolePort& port_;
    std::optional<DescriptorChain> chain_;
    std::array<std::uint8_t, 16 * 1024> copy_;  // of the chain's next bytes
    std::span<const std::uint8_t> unsent_;      // inside copy_
};

}  // namespace skiff::virtio::console
