// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/tx_queue.h"

#include <cerrno>
#include <utility>

#include "base/units.h"

namespace skiff::virtio::net {
namespace {

// So many frames, or a few that are so large, are taken and given back at once: the driver fills
// them again while we go on, and what is in the next ones is on its way while one is sent.
constexpr unsigned kFramesAtOnce = 32;
constexpr std::uint64_t kBytesAtOnce = 128 * kKiB;

}  // namespace

TxQueue::TxQueue(NetDevice& device, unsigned pair, NetCounters& counters,
                 const QueueContext& context)
    : device_(device),
      pair_(pair),
      counters_(counters),
      queue_(context.queue),
      limit_timer_(context.loop, context.resume) {
    chains_.reserve(kFramesAtOnce);
}

Progress TxQueue::process() {
    // A driver that adds while we serve gets no more than a queue at a time: others share the loop.
    unsigned sent = 0;
    while (sent < queue_.size() && next_chains()) {
        for (; next_ < chains_.size(); ++next_, ++sent) {
            if (must_wait()) {
                return Progress::kBlocked;
            }
            send(std::move(chains_[next_]));
        }
        queue_.flush();
    }
    return Progress::kDrained;
}

/// Whether there are some.
bool TxQueue::next_chains() {
    if (next_ < chains_.size()) {
        return true;
    }
    chains_.clear();
    next_ = 0;
    std::uint64_t bytes = 0;
    while (chains_.size() < kFramesAtOnce && bytes < kBytesAtOnce) {
        auto chain = queue_.pop();
        if (!chain.has_value()) {
            break;
        }
        if (chain->readable_bytes() < kHeaderBytes) {
            queue_.refuse(std::move(*chain));
            break;
        }
        chain->prefetch_readable();
        bytes += chain->readable_bytes();
        chains_.push_back(std::move(*chain));
    }
    return !chains_.empty();
}

bool TxQueue::must_wait() {
    if (!device_.limit_out().any()) {
        return false;
    }
    const auto wait = device_.limit_out().wait();
    // Without a timer to be had, better no limit than no network.
    return wait.count() != 0 && limit_timer_.start(wait);
}

void TxQueue::send(DescriptorChain&& chain) {
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
    for (; next_ < chains_.size(); ++next_) {
        queue_.abandon(std::move(chains_[next_]));
    }
}

}  // namespace skiff::virtio::net
