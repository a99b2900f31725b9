// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <utility>

#include "base/event_counter.h"
#include "virtio/queue/split_queue.h"

namespace skiff::virtio {

/// What a queue did since its device was made; read by any thread.
struct QueueCounters {
    EventCounter notifications;  ///< Times that the driver woke us.
    EventCounter chains;         ///< Chains popped.
    EventCounter interrupts;     ///< Interrupts that the driver wanted.
    EventCounter errors;         ///< Times that the ring was broken.
};

/// Whom a queue tells what happens to it. On the queue's thread.
class QueueEvents {
  public:
    virtual ~QueueEvents() = default;
    /// The driver wants to know of used buffers.
    virtual void used_buffers() = 0;
    /// Once: the driver broke the rules.
    virtual void queue_broken(QueueError error) = 0;
};

/// A running queue as a device's logic uses it: chains out, chains back, one flush() a batch.
/// Belongs to one thread.
class Virtqueue {
  public:
    /// `events` and `counters` outlive the queue.
    Virtqueue(SplitQueue ring, QueueEvents& events, QueueCounters& counters)
        : ring_(std::move(ring)), events_(events), counters_(counters) {}

    std::uint16_t size() const { return ring_.size(); }

    /// The next chain; nothing where there is none or where the ring is broken.
    std::optional<DescriptorChain> pop() {
        auto chain = ring_.pop();
        if (chain.has_value()) {
            counters_.chains.add(1);
        } else if (ring_.error().has_value()) {
            report_error();
        }
        return chain;
    }

    /// Gives a chain back; the driver learns of it by the next flush().
    void complete(DescriptorChain&& chain, std::uint32_t written_bytes) {
        ring_.complete(std::move(chain), written_bytes);
    }

    /// For a queue that is being stopped: the driver gets nothing back.
    void abandon(DescriptorChain&& chain) { ring_.abandon(std::move(chain)); }

    /// Shows the driver what was completed since the last time: one store of the used index, at
    /// most one interrupt.
    void flush() {
        if (ring_.publish()) {
            counters_.interrupts.add(1);
            events_.used_buffers();
        }
    }

    /// The device cannot make sense of a request and cannot say so in it: the ring is broken until
    /// the driver resets it. The chain gets no answer.
    void refuse(DescriptorChain&& chain) {
        ring_.abandon(std::move(chain));
        ring_.break_ring(QueueError::kMalformedRequest);
        report_error();
    }

    bool broken() const { return ring_.error().has_value(); }
    unsigned in_flight() const { return ring_.in_flight(); }

    SplitQueue& ring() { return ring_; }

  private:
    void report_error() {
        if (!std::exchange(reported_, true)) {
            counters_.errors.add(1);
            events_.queue_broken(*ring_.error());
        }
    }

    SplitQueue ring_;
    QueueEvents& events_;
    QueueCounters& counters_;
    bool reported_ = false;
};

}  // namespace skiff::virtio
