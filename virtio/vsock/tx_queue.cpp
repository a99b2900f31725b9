// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/tx_queue.h"

#include <utility>

namespace skiff::virtio::vsock {
namespace {

// So many packets are given back to the driver, and their answers sent, at once.
constexpr unsigned kPacketsAtOnce = 16;

}  // namespace

TxQueue::TxQueue(VsockDevice& device, const QueueContext& context)
    : device_(device),
      context_(context),
      queue_(context.queue),
      self_(std::make_shared<TxQueue*>(this)) {
    device_.set_tx_queue(this);
}

Progress TxQueue::process() {
    unsigned packets = 0;
    waits_ = false;
    // A driver that adds while we serve gets no more than a queue at a time: others share the loop.
    for (unsigned left = queue_.size(); left != 0; --left) {
        if (!device_.exchange().takes_packets()) {
            waits_ = true;
            break;
        }
        auto chain = queue_.pop();
        if (!chain.has_value()) {
            break;
        }
        const auto header = chain->read<PacketHeader>();
        if (!header.has_value()) {
            queue_.refuse(std::move(*chain));
            break;
        }
        device_.exchange().from_guest(*header, *chain);
        queue_.complete(std::move(*chain), 0);
        if (++packets % kPacketsAtOnce == 0) {
            queue_.flush();
            device_.send_to_guest();
        }
    }
    device_.send_to_guest();
    return waits_ ? Progress::kBlocked : Progress::kDrained;
}

void TxQueue::go_on() {
    if (waits_ && device_.exchange().takes_packets()) {
        waits_ = false;
        context_.loop.post([self = std::weak_ptr(self_)] {
            if (const auto queue = self.lock()) {
                (*queue)->context_.resume();
            }
        });
    }
}

void TxQueue::stop() {
    device_.set_tx_queue(nullptr);
    self_.reset();
}

}  // namespace skiff::virtio::vsock
