// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "base/loop_timer.h"
#include "virtio/net/net_device.h"

namespace skiff::virtio::net {

/// A running transmit queue (VIRTIO 1.2, 5.1.6.2): each chain is one frame, header first, and goes
/// to the backend straight from guest memory. What the backend does not take is dropped and
/// counted, as by a NIC whose cable has trouble; nothing waits but for a rate limit.
class TxQueue final : public QueueHandler {
  public:
    TxQueue(NetDevice& device, unsigned pair, NetCounters& counters, const QueueContext& context);

    Progress process() override;
    void stop() override;

  private:
    bool next_chains();
    bool must_wait();
    void send(DescriptorChain&& chain);

    NetDevice& device_;
    unsigned pair_;
    NetCounters& counters_;
    Virtqueue& queue_;
    LoopTimer limit_timer_;
    std::vector<DescriptorChain> chains_;  // popped together
    std::size_t next_ = 0;                 // of them; the ones before it are completed
};

}  // namespace skiff::virtio::net
