// SPDX-License-Identifier: Apache-2.0
#include "virtio/queue_runner.h"

#include <sys/epoll.h>

#include <utility>

#include "base/check.h"

namespace skiff::virtio {

QueueRunner::QueueRunner(SplitQueue ring, const Options& options)
    : loop_(options.loop),
      notify_fd_(options.notify_fd),
      counters_(options.counters),
      queue_(std::move(ring), options.events, options.counters),
      context_{.queue = queue_,
               .loop = options.loop,
               .features = options.features,
               .resume = [this] { serve(); }},
      handler_(options.device.start_queue(options.index, context_)) {}

QueueRunner::~QueueRunner() {
    SKIFF_CHECK(handler_ == nullptr);
}

Result<void> QueueRunner::start() {
    SKIFF_ASSIGN_OR_RETURN(watch_, loop_.add(notify_fd_, EPOLLIN | EPOLLET, [this](std::uint32_t) {
        counters_.notifications.add(1);
        serve();
    }));
    serve();
    return {};
}

void QueueRunner::stop() {
    if (watch_ != 0) {
        loop_.remove(watch_);
        watch_ = 0;
    }
    loop_.stop_polling(*this);
    handler_->stop();
    SKIFF_CHECK(queue_.in_flight() == 0);
    handler_.reset();
}

void QueueRunner::serve() {
    loop_.start_polling(*this);
    work();
}

void QueueRunner::work() {
    queue_.ring().disable_notifications();
    progress_ = handler_->process();
    queue_.flush();
}

bool QueueRunner::poll() {
    bool worked = handler_->poll();
    if (progress_ == Progress::kDrained && queue_.ring().has_available()) {
        work();
        worked = true;
    }
    return worked;
}

bool QueueRunner::prepare_to_sleep() {
    // A device that waits for something of its own wants no more chains now.
    return progress_ == Progress::kDrained && queue_.ring().enable_notifications();
}

}  // namespace skiff::virtio
