// SPDX-License-Identifier: Apache-2.0
#include "virtio/block/block_queue.h"

#include <sys/epoll.h>

#include <cerrno>
#include <utility>

#include "base/check.h"
#include "base/units.h"
#include "virtio/block/host_io.h"

namespace skiff::virtio::block {
namespace {

// So many requests that were answered on the spot are shown to the driver at once: it works on them
// while we go on.
constexpr unsigned kAnswersAtOnce = 8;
// And as soon as they are so many bytes: a large request takes longer than telling of it.
constexpr std::uint64_t kAnsweredBytesAtOnce = 64 * kKiB;
// After so many bytes, let others on the loop have a turn: some milliseconds.
constexpr std::uint64_t kBatchBytes = 16 * kMiB;

}  // namespace

BlockQueue::BlockQueue(BlockDevice& device, DiskCounters& counters, const QueueContext& context)
    : device_(device),
      counters_(counters),
      context_(context),
      queue_(context.queue),
      engine_(device.make_engine(context.queue.size())),
      completed_([this](std::uint16_t slot, int error) { operation_done(slot, error); }),
      limit_timer_(context.loop, context.resume),
      slots_(context.queue.size()) {
    for (std::uint16_t slot = context.queue.size(); slot-- != 0;) {
        free_slots_.push_back(slot);
    }
    device_.look_at_size();
    if (engine_->event_fd() < 0) {
        return;
    }
    const auto watch = context.loop.add(engine_->event_fd(), EPOLLIN, [this](std::uint32_t) {
        poll();
        // More is likely to come: let the loop poll for it.
        context_.resume();
    });
    if (watch.ok()) {
        engine_watch_ = *watch;
    } else {
        engine_ = make_sync_engine(device_.file());
    }
}

BlockQueue::~BlockQueue() = default;

Progress BlockQueue::process() {
    size_is_known_ = device_.look_at_size_sometimes();
    rules_ = device_.rules(context_.features);
    Progress progress = Progress::kDrained;
    if (waiting_.has_value()) {
        progress = serve(*std::exchange(waiting_, std::nullopt));
    }
    // A driver that adds while we serve gets no more than a queue at a time: others share the loop.
    batch_bytes_ = 0;
    for (unsigned left = queue_.size();
         left != 0 && progress == Progress::kDrained && batch_bytes_ < kBatchBytes; --left) {
        auto request = next_request();
        if (!request.has_value()) {
            break;
        }
        progress = serve(std::move(*request));
    }
    engine_->submit();
    answered_ = 0;
    answered_bytes_ = 0;
    return progress;
}

std::optional<BlockRequest> BlockQueue::next_request() {
    auto chain = queue_.pop();
    if (!chain.has_value()) {
        return std::nullopt;
    }
    auto request = BlockRequest::parse(*chain, rules_);
    if (!request.has_value()) {
        queue_.refuse(std::move(*chain));
    } else if (!size_is_known_ && request->changes_the_disk()) {
        look_at_size_before(*request);
    }
    return request;
}

/// Writing behind the end of a file would make it grow again: so once a batch, before the first
/// write, make sure that the end is where we think. (Reading there fails by itself.)
void BlockQueue::look_at_size_before(BlockRequest& request) {
    device_.look_at_size();
    size_is_known_ = true;
    rules_ = device_.rules(context_.features);
    request.check_again(rules_.capacity_sectors);
}

Progress BlockQueue::serve(BlockRequest request) {
    if (!admit(request)) {
        waiting_.emplace(std::move(request));
        return Progress::kBlocked;
    }
    run(std::move(request));
    return Progress::kDrained;
}

/// Whether the limits let it pass now; else the timer runs.
bool BlockQueue::admit(const BlockRequest& request) {
    if (!device_.limits().any() || request.refused().has_value()) {
        return true;
    }
    const auto wait = device_.limits().take(request.data_bytes());
    // Without a timer to be had, better no limit than no disk.
    return wait.count() == 0 || !limit_timer_.start(wait);
}

void BlockQueue::run(BlockRequest request) {
    if (const auto status = request.refused()) {
        complete(request, *status);
        return;
    }
    if (request.type() == VIRTIO_BLK_T_GET_ID) {
        request.answer(device_.id());
    }
    IoEngine::Attempt attempt;
    if (run_now(request, attempt)) {
        answered_bytes_ += request.data_bytes();
        batch_bytes_ += request.data_bytes();
        finish(request, attempt.error);
        if (++answered_ == kAnswersAtOnce || answered_bytes_ >= kAnsweredBytesAtOnce) {
            queue_.flush();
            answered_ = 0;
            answered_bytes_ = 0;
        }
    } else {
        begin(std::move(request), attempt);
    }
}

/// Does what can be done of a request without waiting. True where that was all, or failed.
bool BlockQueue::run_now(BlockRequest& request, IoEngine::Attempt& attempt) {
    while (const IoOperation* const operation = request.operation()) {
        attempt = engine_->try_now(*operation);
        if (!attempt.done || attempt.error != 0) {
            return attempt.done;
        }
        request.next_operation();
    }
    return true;
}

void BlockQueue::begin(BlockRequest request, const IoEngine::Attempt& attempt) {
    SKIFF_CHECK(!free_slots_.empty());  // as many as chains can be in flight
    const std::uint16_t slot = free_slots_.back();
    free_slots_.pop_back();
    auto& place = slots_.at(slot);
    place.emplace(std::move(request));
    engine_->start(*place->operation(), attempt.transferred_bytes, slot);
}

void BlockQueue::operation_done(std::uint16_t slot, int error) {
    auto& place = slots_.at(slot);
    SKIFF_CHECK(place.has_value());
    BlockRequest& request = *place;
    if (error == 0) {
        request.next_operation();
        IoEngine::Attempt attempt;
        if (!run_now(request, attempt)) {
            engine_->start(*request.operation(), attempt.transferred_bytes, slot);
            return;
        }
        error = attempt.error;
    }
    finish(request, error);
    place.reset();
    free_slots_.push_back(slot);
}

void BlockQueue::finish(BlockRequest& request, int error) {
    if (error == 0) {
        complete(request, VIRTIO_BLK_S_OK);
        return;
    }
    const bool cannot = means_unsupported(error) && request.type() == VIRTIO_BLK_T_DISCARD;
    if (!cannot) {
        device_.report_error(request, error);
    }
    complete(request, cannot ? VIRTIO_BLK_S_UNSUPP : VIRTIO_BLK_S_IOERR);
}

void BlockQueue::complete(BlockRequest& request, std::uint8_t status) {
    count(request, status);
    const std::uint32_t written = request.finish(status);
    queue_.complete(std::move(request.chain()), written);
}

void BlockQueue::count(const BlockRequest& request, std::uint8_t status) {
    if (status != VIRTIO_BLK_S_OK) {
        counters_.errors.add(1);
        return;
    }
    switch (request.type()) {
        case VIRTIO_BLK_T_IN:
            counters_.reads.add(1);
            counters_.read_bytes.add(request.data_bytes());
            break;
        case VIRTIO_BLK_T_OUT:
            counters_.writes.add(1);
            counters_.written_bytes.add(request.data_bytes());
            break;
        case VIRTIO_BLK_T_FLUSH:
            counters_.flushes.add(1);
            break;
        case VIRTIO_BLK_T_DISCARD:
        case VIRTIO_BLK_T_WRITE_ZEROES:
            counters_.range_changes.add(1);
            break;
        default:
            break;
    }
}

bool BlockQueue::poll() {
    const bool worked = engine_->poll(completed_);
    if (worked) {
        queue_.flush();
    }
    return worked;
}

void BlockQueue::stop() {
    if (engine_watch_ != 0) {
        context_.loop.remove(engine_watch_);
    }
    limit_timer_.stop();
    engine_->stop();
    for (auto& place : slots_) {
        if (place.has_value()) {
            queue_.abandon(std::move(place->chain()));
            place.reset();
        }
    }
    if (waiting_.has_value()) {
        queue_.abandon(std::move(waiting_->chain()));
        waiting_.reset();
    }
}

}  // namespace skiff::virtio::block
