// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/tx_queue.h"

#include <sys/epoll.h>

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
      context_(context),
      queue_(context.queue),
      header_bytes_(device.backend().has_header() ? kHeaderBytes : 0),
      limit_timer_(context.loop, context.resume),
      self_(std::make_shared<TxQueue*>(this)) {
    chains_.reserve(kFramesAtOnce);
    device_.add_sender(pair, context.loop, self_);
}

Progress TxQueue::process() {
    // A driver that adds while we serve gets no more than a queue at a time: others share the loop.
    unsigned sent = 0;
    while (sent < queue_.size() && next_chains()) {
        for (; next_ < chains_.size(); ++next_, ++sent) {
            if (must_wait() || !send(chains_[next_])) {
                return Progress::kBlocked;
            }
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
        if (header_bytes_ == 0) {
            // Without offloads there is nothing in it that we would have to know.
            static_cast<void>(chain->read<NetHeader>());
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

/// False where it has to wait for room.
bool TxQueue::send(DescriptorChain& chain) {
    const std::uint64_t bytes = chain.readable_bytes() - header_bytes_;
    Transfer sent{.bytes = 0, .error = EMSGSIZE};
    if (bytes != 0 && bytes <= kMaxFrameBytes - kHeaderBytes) {
        sent = device_.backend().send(pair_, chain.readable());
    }
    if (sent.error == EAGAIN && wait_for_room()) {
        return false;
    }
    if (device_.limit_out().any()) {
        device_.limit_out().charge(bytes);
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
    return true;
}

/// Where the backend says when it has some again.
bool TxQueue::wait_for_room() {
    const int fd = device_.backend().room_fd(pair_);
    if (fd < 0) {
        return false;
    }
    if (room_watch_ == 0) {
        const auto watched = context_.loop.add(fd, EPOLLOUT, [this](std::uint32_t) {
            stop_waiting();
            context_.resume();
        });
        if (!watched.ok()) {
            device_.backend().abandon_unsent(pair_);
            return false;
        }
        room_watch_ = *watched;
    }
    return true;
}

void TxQueue::stop_waiting() {
    if (room_watch_ != 0) {
        context_.loop.remove(std::exchange(room_watch_, 0));
    }
}

void TxQueue::link_is_back() {
    if (room_watch_ != 0) {
        stop_waiting();
        context_.resume();
    }
}

void TxQueue::stop() {
    self_.reset();
    limit_timer_.stop();
    stop_waiting();
    if (next_ < chains_.size()) {
        device_.backend().abandon_unsent(pair_);
    }
    for (; next_ < chains_.size(); ++next_) {
        queue_.abandon(std::move(chains_[next_]));
    }
}

}  // namespace skiff::virtio::net
