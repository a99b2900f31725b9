// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <vector>

#include "base/event_loop.h"
#include "base/guest_memory.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "virtio/device.h"
#include "virtio/queue_runner.h"

namespace skiff::virtio {

/// The queues of one device: which loop each one runs on, its notification eventfd, its counters,
/// and its runner while the driver has it started.
///
/// start() and stop() come from one thread at a time (the transport's lock), which is not a loop's,
/// or is the only one that there is.
class QueueSet {
  public:
    /// `device`, `memory` and the loops outlive the set. Queue i runs on the loop
    /// (first_loop + device.loop_group(i)) modulo their number.
    struct Options {
        Device& device;
        const GuestMemory& memory;
        std::span<EventLoop* const> loops;
        std::size_t first_loop = 0;
        /// On the loop's thread: the driver wants to know of used buffers.
        std::function<void()> used_buffers;
        /// On the loop's thread: the driver, or the host, broke queue `index`.
        std::function<void(std::size_t index, std::string_view why)> broken;
    };

    static Result<std::unique_ptr<QueueSet>> create(Options options);
    /// Stops what runs.
    ~QueueSet();
    QueueSet(const QueueSet&) = delete;
    QueueSet& operator=(const QueueSet&) = delete;

    std::size_t count() const { return queues_.size(); }

    /// A write to it notifies queue `index`, as the driver does.
    int notify_fd(std::size_t index) const;
    void notify(std::size_t index) const;

    const QueueCounters& counters(std::size_t index) const;

    /// Starts queue `index`, which is not running, soon. `layout` has passed SplitQueue::check().
    void start(std::size_t index, const QueueLayout& layout, std::uint64_t features);
    /// Stops queue `index`: when it returns, nothing of it can touch guest memory any more. Waits
    /// for requests that cannot be called back.
    void stop(std::size_t index);
    void stop_all();

  private:
    struct Queue;

    explicit QueueSet(Options options);

    Options options_;
    std::vector<std::unique_ptr<Queue>> queues_;
};

}  // namespace skiff::virtio
