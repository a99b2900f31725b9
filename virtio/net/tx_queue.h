// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <vector>

#include "base/loop_timer.h"
#include "virtio/net/net_device.h"

namespace skiff::virtio::net {

/// A running transmit queue (VIRTIO 1.2, 5.1.6.2): each chain is one frame, header first, and goes
/// to the backend straight from guest memory. What the backend does not take is dropped and
/// counted, as by a NIC whose cable has trouble; nothing waits but for a rate limit, and for a
/// backend that says when it has room again.
class TxQueue final : public QueueHandler {
  public:
    TxQueue(NetDevice& device, unsigned pair, NetCounters& counters, const QueueContext& context);

    Progress process() override;
    void stop() override;

    /// What the backend's descriptors stand for may be something new.
    void link_is_back();

  private:
    bool next_chains();
    bool must_wait();
    bool send(DescriptorChain& chain);
    bool wait_for_room();
    void stop_waiting();

    NetDevice& device_;
    unsigned pair_;
    NetCounters& counters_;
    QueueContext context_;
    Virtqueue& queue_;
    std::size_t header_bytes_;  // before a frame, as it goes to the backend
    LoopTimer limit_timer_;
    std::vector<DescriptorChain>
        chains_;            // popped together, without a header that the backend does not take
    std::size_t next_ = 0;  // of them; the ones before it are completed
    EventLoop::Id room_watch_ = 0;
    std::shared_ptr<TxQueue*> self_;  // for tasks that may run after us
};

}  // namespace skiff::virtio::net
