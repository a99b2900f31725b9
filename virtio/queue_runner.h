// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/event_loop.h"
#include "base/result.h"
#include "virtio/device.h"
#include "virtio/queue/virtqueue.h"

namespace skiff::virtio {

/// Serves one queue on its loop, from the moment that the driver started it until it stops it:
/// waits for notifications, polls after work, and asks for notifications again before the loop
/// sleeps. Belongs to the loop's thread.
class QueueRunner final : public Poller {
  public:
    struct Options {
        Device& device;
        std::size_t index;
        EventLoop& loop;
        /// Readable when the driver notified the queue. Edge-triggered: nobody reads it.
        int notify_fd;
        QueueEvents& events;
        QueueCounters& counters;
        std::uint64_t features;
    };

    /// Everything in `options` outlives the runner.
    QueueRunner(SplitQueue ring, const Options& options);
    /// After stop().
    ~QueueRunner() override;
    QueueRunner(const QueueRunner&) = delete;
    QueueRunner& operator=(const QueueRunner&) = delete;

    /// Serves what is there already. Fails where the loop cannot watch the descriptor; stop() is
    /// due then too.
    Result<void> start();

    /// Ends the service: no request is in flight any more.
    void stop();

    bool poll() override;
    [[nodiscard]] bool prepare_to_sleep() override;

  private:
    void work();
    void serve();

    EventLoop& loop_;
    int notify_fd_;
    QueueCounters& counters_;
    Virtqueue queue_;
    QueueContext context_;
    std::unique_ptr<QueueHandler> handler_;
    Progress progress_ = Progress::kDrained;
    EventLoop::Id watch_ = 0;
};

}  // namespace skiff::virtio
