// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "virtio/device.h"
#include "virtio/vsock/vsock_device.h"

namespace skiff::virtio::vsock {

/// The running receive queue (VIRTIO 1.2, 5.10.6.1): packets for the guest, each made when there is
/// a buffer for it and not before, so that a guest which gives none makes nothing grow.
class RxQueue final : public QueueHandler {
  public:
    RxQueue(VsockDevice& device, const QueueContext& context);

    Progress process() override;
    void stop() override;

    /// Sends what there is, as far as there are buffers. Not within process().
    void send();

  private:
    enum class State {
        kNoPackets,
        kNoBuffers,
        kOthersTurn,  ///< There is more, for the next time.
    };

    State send_some();
    bool take_buffer();
    void post(void (RxQueue::*what)());
    void process_again() { context_.resume(); }

    VsockDevice& device_;
    const QueueContext& context_;
    Virtqueue& queue_;
    std::optional<DescriptorChain> buffer_;  // that the last packet did not need
    Progress progress_ = Progress::kDrained;
    std::shared_ptr<RxQueue*> self_;  // for tasks that may come after stop()
};

}  // namespace skiff::virtio::vsock
