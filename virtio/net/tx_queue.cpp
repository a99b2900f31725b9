// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/tx_queue.h"

#include <cerrno>
#include <utility>

namespace skiff::virtio::net {
namespace {

// So many frames are given back to the driver at once: it fills them again while we go on.
constexpr unsigned kFramesAtOnce = 32;

}  // namespace

TxQueue::TxQueue(NetDevice& device, unsigned pair, NetCounters& counters,
                 const QueueContext& context)
    : device_(device),
      pair_(pair),
      counters_(counters),
      queue_(context.queue),
      limit_timer_(context.loop, context.resume) {}

Progress TxQueue::process() {
    unsigned sent = 0;
    // A driver that adds while we serve gets no more than a queue at a time: others share the loop.
    for (unsigned left = queue_.size(); left != 0 && next_chain(); --left) {
        if (must_wait()) {
            return Progress::kBlocked;
        }
        send(*std::exchange(next_, std::nullopt));
        if (++sent % kFramesAtOnce == 0) {
            queue_.flush();
        }
    }
    return Progress::kDrained;
}

bool TxQueue::next_chain() {
    if (next_.has_value()) {
        return true;
    }
    next_ = queue_.pop();
    if (next_.has_value() && next_->readable_bytes() < kHeaderBytes) {
        queue_.refuse(*std::exchange(next_, std::nullopt));
    }
    return next_.has_value();
}

bool TxQueue::must_wait() {
    if (!device_.limit_out().any()) {
        return false;
    }
    const auto wait = device_.limit_out().wait();
    // Without a timer to be had, better no limit than no network.
    return wait.count() != 0 && limit_timer_.start(wait);
}

void TxQueue::send(DescriptorChain chain) {
    const std::uint64_t bytes = chain.readable_bytes() - kHeaderBytes;
    if (device_.limit_out().any()) {
        device_.limit_out().take(bytes);
    }
    if (!device_.backend().has_header()) {
        // Without offloads there is nothing in it that we would have to know.
        static_cast<void>(chain.read<NetHeader>());
    }
    Transfer sent{.bytes = 0, .error = EMSGSIZE};
    if (bytes != 0 && bytes <= kMaxFrameBytes - kHeaderBytes) {
        sent = device_.backend().send(pair_, chain.readable());
    }
    if (sent.error == 0) {
        counters_.frames.add(1);
        counters_.bytes.add(bytes);
    } else {
        counters_.dropped.add(1);
        if (sent.error == EBADFD || sent.error == EPIPE) {
            device_.look_whether_gone();
        }
    }
    queue_.complete(std::move(chain), 0);
}

void TxQueue::stop() {
    limit_timer_.stop();
    if (next_.has_value()) {
        queue_.abandon(*std::exchange(next_, std::nullopt));
    }
}

}  // namespace skiff::virtio::net
