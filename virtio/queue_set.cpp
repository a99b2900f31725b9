// SPDX-License-Identifier: Apache-2.0
#include "virtio/queue_set.h"

#include <sys/eventfd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <utility>

namespace skiff::virtio {

struct QueueSet::Queue final : QueueEvents {
    Queue(QueueSet& owner_set, std::size_t queue_index, EventLoop& queue_loop)
        : set(owner_set), index(queue_index), loop(queue_loop) {}

    void used_buffers() override { set.options_.used_buffers(); }
    void queue_broken(QueueError error) override { set.options_.broken(index, describe(error)); }

    void start(const QueueLayout& layout, std::uint64_t features);
    void stop();

    QueueSet& set;
    std::size_t index;
    EventLoop& loop;
    UniqueFd notify;
    QueueCounters counters;
    bool started = false;               // between the set's start() and stop()
    std::optional<QueueRunner> runner;  // touched on the loop's thread only
};

void QueueSet::Queue::start(const QueueLayout& layout, std::uint64_t features) {
    const QueueFeatures queue_features{
        .indirect_descriptors = (features & VIRTIO_F_INDIRECT_DESC) != 0,
        .event_idx = (features & VIRTIO_F_EVENT_IDX) != 0};
    runner.emplace(SplitQueue(set.options_.memory, layout, queue_features),
                   QueueRunner::Options{.device = set.options_.device,
                                        .index = index,
                                        .loop = loop,
                                        .notify_fd = notify.get(),
                                        .events = *this,
                                        .counters = counters,
                                        .features = features});
    if (const auto watched = runner->start(); !watched) {
        set.options_.broken(index, watched.error().message());
    }
}

void QueueSet::Queue::stop() {
    if (runner.has_value()) {
        runner->stop();
        runner.reset();
    }
}

Result<std::unique_ptr<QueueSet>> QueueSet::create(Options options) {
    SKIFF_CHECK(!options.loops.empty());
    std::unique_ptr<QueueSet> set(new QueueSet(std::move(options)));
    for (const auto& queue : set->queues_) {
        queue->notify.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
        if (!queue->notify.valid()) {
            return Error::host(errno, "cannot create an eventfd for a virtio queue");
        }
    }
    return set;
}

QueueSet::QueueSet(Options options) : options_(std::move(options)) {
    const std::size_t count = options_.device.queue_max_sizes().size();
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t loop = options_.first_loop + options_.device.loop_group(i);
        queues_.push_back(
            std::make_unique<Queue>(*this, i, *options_.loops[loop % options_.loops.size()]));
    }
}

QueueSet::~QueueSet() {
    stop_all();
}

int QueueSet::notify_fd(std::size_t index) const {
    return queues_.at(index)->notify.get();
}

void QueueSet::notify(std::size_t index) const {
    ::eventfd_write(notify_fd(index), 1);
}

const QueueCounters& QueueSet::counters(std::size_t index) const {
    return queues_.at(index)->counters;
}

void QueueSet::start(std::size_t index, const QueueLayout& layout, std::uint64_t features) {
    Queue& queue = *queues_.at(index);
    SKIFF_CHECK(!queue.started);
    queue.started = true;
    queue.loop.post([&queue, layout, features] { queue.start(layout, features); });
}

void QueueSet::stop(std::size_t index) {
    Queue& queue = *queues_.at(index);
    if (std::exchange(queue.started, false)) {
        queue.loop.call([&queue] { queue.stop(); });
    }
}

void QueueSet::stop_all() {
    for (std::size_t i = 0; i < queues_.size(); ++i) {
        stop(i);
    }
}

}  // namespace skiff::virtio
