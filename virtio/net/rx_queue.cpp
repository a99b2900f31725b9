// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/rx_queue.h"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstddef>
#include <cstring>
#include <utility>

#include "base/log.h"
#include "base/units.h"

namespace skiff::virtio::net {
namespace {

// So many frames, or a few that are so large, are shown to the driver at once: it works on them,
// and gives their buffers again, while we go on.
constexpr unsigned kFramesAtOnce = 32;
constexpr std::size_t kBytesAtOnce = 128 * kKiB;
// So many buffers are taken at once, so that they are on their way to this processor when a frame
// comes for them.
constexpr std::size_t kBuffersAtOnce = 16;
// Then others of the loop have their turn.
constexpr unsigned kFramesInARow = 128;
// After so many small frames the next one is likely to be small: it is not offered room for a large
// one, whose many buffers cost time.
constexpr unsigned kSmallFramesMakeAHabit = 16;

}  // namespace

RxQueue::RxQueue(NetDevice& device, unsigned pair, NetCounters& counters,
                 const QueueContext& context)
    : device_(device),
      pair_(pair),
      counters_(counters),
      context_(context),
      queue_(context.queue),
      limit_timer_(context.loop, context.resume),
      mergeable_((context.features & VIRTIO_NET_F_MRG_RXBUF) != 0),
      may_have_checksums_((context.features & VIRTIO_NET_F_GUEST_CSUM) != 0),
      usual_frame_bytes_(kHeaderBytes + device.backend().usual_frame_bytes()),
      largest_frame_bytes_((context.features & kGuestSegmentation) != 0 ? kMaxFrameBytes
                                                                        : usual_frame_bytes_),
      filter_(device.filter()),
      filter_generation_(device.filter_generation()),
      buffers_(queue_.size()),
      rest_(kMaxFrameBytes),
      self_(std::make_shared<RxQueue*>(this)) {
    device_.add_receiver(pair, context.loop, self_);
    active_pairs_changed();
}

void RxQueue::active_pairs_changed() {
    if (device_.pair_is_active(pair_)) {
        watch();
    } else {
        unwatch();
    }
}

void RxQueue::link_is_back() {
    unwatch();
    active_pairs_changed();
}

void RxQueue::watch() {
    if (watch_ != 0) {
        return;
    }
    const auto watched = context_.loop.add(device_.backend().poll_fd(pair_), EPOLLIN,
                                           [this](std::uint32_t events) { ready(events); });
    if (!watched.ok()) {
        log::warning("net {}: {}: queue pair {} receives nothing", device_.name(),
                     watched.error().message(), pair_ + 1);
        return;
    }
    watch_ = *watched;
    paused_ = false;
}

void RxQueue::unwatch() {
    if (watch_ != 0) {
        context_.loop.remove(std::exchange(watch_, 0));
    }
}

/// The backend has frames, or an error that would be told again and again.
void RxQueue::ready(std::uint32_t events) {
    context_.resume();
    if ((events & (EPOLLERR | EPOLLHUP)) != 0) {
        unwatch();
        device_.look_whether_gone();
        return;
    }
    const bool cannot_take = state_ == State::kNoBuffers || state_ == State::kLimited;
    if (watch_ != 0 && cannot_take && !paused_) {
        context_.loop.modify(watch_, 0);
        paused_ = true;
    }
}

void RxQueue::pause_or_go_on() {
    const bool can_take = state_ == State::kNoFrame || state_ == State::kReceived;
    if (watch_ != 0 && can_take && paused_) {
        context_.loop.modify(watch_, EPOLLIN);
        paused_ = false;
    }
}

Progress RxQueue::process() {
    receive_some();
    flush();
    // With buffers in hand we want no notification of more.
    progress_ = state_ == State::kNoBuffers ? Progress::kDrained : Progress::kBlocked;
    return progress_;
}

bool RxQueue::poll() {
    if (watch_ == 0 || limit_timer_.running()) {
        return false;
    }
    const bool worked = receive_some() != 0;
    if (worked) {
        flush();
    }
    if (state_ == State::kNoBuffers && progress_ == Progress::kBlocked) {
        // The queue must ask for notifications from now on, which it learns by process().
        progress_ = Progress::kDrained;
        resume_soon();
    }
    return worked;
}

/// How many frames it were. The last ones are not flushed.
unsigned RxQueue::receive_some() {
    unsigned frames = 0;
    do {
        state_ = receive_one();
        if (state_ == State::kReceived) {
            ++frames;
        }
        if (unseen_frames_ >= kFramesAtOnce || unseen_bytes_ >= kBytesAtOnce) {
            flush();
        }
    } while (state_ == State::kReceived && frames < kFramesInARow);
    pause_or_go_on();
    return frames;
}

void RxQueue::flush() {
    queue_.flush();
    unseen_frames_ = 0;
    unseen_bytes_ = 0;
}

void RxQueue::resume_soon() {
    context_.loop.post([self = std::weak_ptr(self_)] {
        if (const auto queue = self.lock()) {
            (*queue)->context_.resume();
        }
    });
}

RxQueue::State RxQueue::receive_one() {
    if (watch_ == 0) {
        return State::kOff;
    }
    if (large_frame_bytes_ != 0) {
        return finish_large_frame();
    }
    if (must_wait()) {
        return State::kLimited;
    }
    const std::size_t room = offer_room();
    if (offered_ == 0) {
        return State::kNoBuffers;
    }
    room_.push_back({.iov_base = rest_.data(), .iov_len = rest_.size()});
    const Transfer got = device_.backend().receive(pair_, room_);
    if (got.error != 0) {
        return failed(got.error);
    }
    if (!is_wanted(got.bytes)) {
        counters_.filtered.add(1);
        return State::kReceived;
    }
    const std::size_t header = device_.backend().has_header() ? 0 : kHeaderBytes;
    return take_frame(got.bytes + header, room);
}

/// Whether the driver wants the frame of `bytes` bytes that room_ begins with.
bool RxQueue::is_wanted(std::size_t bytes) {
    if (const auto now = device_.filter_generation(); now != filter_generation_) {
        filter_generation_ = now;
        filter_ = device_.filter();
    }
    if (filter_.takes_all()) {
        return true;
    }
    std::array<std::uint8_t, kHeaderBytes + RxFilter::kLookedAt> begin{};
    std::size_t size = 0;
    for (const iovec& part : room_) {
        const std::size_t here = std::min({part.iov_len, begin.size() - size, bytes - size});
        std::memcpy(begin.data() + size, part.iov_base, here);
        size += here;
    }
    const std::size_t header = device_.backend().has_header() ? kHeaderBytes : 0;
    const std::span<const std::uint8_t> copy(begin.data(), size);
    return filter_.takes(copy.subspan(
        std::min(header, size), std::min(RxFilter::kLookedAt, size - std::min(header, size))));
}

bool RxQueue::must_wait() {
    if (!device_.limit_in().any()) {
        return false;
    }
    const auto wait = device_.limit_in().wait();
    return wait.count() != 0 && limit_timer_.start(wait);
}

bool RxQueue::pop_buffer() {
    auto chain = queue_.pop();
    if (!chain.has_value()) {
        return false;
    }
    // 5.1.6.3.1: no buffer is smaller than a header.
    if (chain->writable_bytes() < kHeaderBytes) {
        queue_.refuse(std::move(*chain));
        return false;
    }
    chain->prefetch_writable();
    const std::uint64_t bytes = chain->writable_bytes();
    buffers_.push_back({std::move(*chain), bytes});
    return true;
}

/// Some; whether there was one.
bool RxQueue::pop_buffers() {
    std::size_t count = 0;
    while (count < kBuffersAtOnce && pop_buffer()) {
        ++count;
    }
    return count != 0;
}

/// Collects the buffers for one frame. Returns their bytes, the place of the header included.
std::size_t RxQueue::offer_room() {
    room_.clear();
    std::size_t bytes = 0;
    std::size_t skip = device_.backend().has_header() ? 0 : kHeaderBytes;
    const std::size_t wanted =
        small_frames_ < kSmallFramesMakeAHabit ? largest_frame_bytes_ : usual_frame_bytes_;
    for (offered_ = 0; bytes < wanted; ++offered_) {
        const bool one_is_all = offered_ == 1 && !mergeable_;
        if (one_is_all || (offered_ == buffers_.size() && !pop_buffers())) {
            break;
        }
        const RxBuffer& buffer = buffers_.at(offered_);
        const std::span<const iovec> parts = buffer.chain.writable();
        if (room_.size() + parts.size() >= IOV_MAX) {
            break;
        }
        for (iovec part : parts) {
            const std::size_t skipped = std::min(skip, part.iov_len);
            skip -= skipped;
            part.iov_base = static_cast<std::uint8_t*>(part.iov_base) + skipped;
            part.iov_len -= skipped;
            room_.push_back(part);
        }
        bytes += buffer.bytes;
    }
    return bytes;
}

RxQueue::State RxQueue::take_frame(std::size_t frame_bytes, std::size_t room_bytes) {
    if (frame_bytes <= kHeaderBytes) {
        return State::kReceived;  // no frame of any network
    }
    if (device_.limit_in().any()) {
        device_.limit_in().charge(frame_bytes - kHeaderBytes);
    }
    small_frames_ = frame_bytes <= usual_frame_bytes_ ? small_frames_ + 1 : 0;
    if (frame_bytes <= room_bytes) {
        complete_frame(frame_bytes);
        return State::kReceived;
    }
    if (!mergeable_ || frame_bytes - room_bytes >= rest_.size()) {
        counters_.dropped.add(1);
        return State::kReceived;
    }
    large_frame_bytes_ = frame_bytes;
    large_frame_room_ = room_bytes;
    return finish_large_frame();
}

/// A frame whose rest is in rest_: goes on once there is room for all of it.
RxQueue::State RxQueue::finish_large_frame() {
    std::size_t room = large_frame_room_;
    std::size_t count = offered_;
    for (; room < large_frame_bytes_; ++count) {
        if (count == buffers_.size() && !pop_buffers()) {
            if (buffers_.size() < queue_.size()) {
                return State::kNoBuffers;
            }
            counters_.dropped.add(1);  // all that a driver can give is not enough
            large_frame_bytes_ = 0;
            return State::kReceived;
        }
        room += buffers_.at(count).bytes;
    }
    std::span<const std::uint8_t> rest(rest_.data(), large_frame_bytes_ - large_frame_room_);
    for (std::size_t i = offered_; i < count; ++i) {
        RxBuffer& buffer = buffers_.at(i);
        const std::size_t part = std::min<std::size_t>(rest.size(), buffer.bytes);
        static_cast<void>(buffer.chain.write(rest.first(part)));
        rest = rest.subspan(part);
    }
    complete_frame(std::exchange(large_frame_bytes_, 0));
    return State::kReceived;
}

/// Gives the first buffers, which hold a frame with its header, to the driver.
void RxQueue::complete_frame(std::size_t frame_bytes) {
    std::size_t left = frame_bytes;
    std::uint16_t count = 0;
    while (left != 0) {
        left -= std::min<std::size_t>(left, buffers_.at(count).bytes);
        ++count;
    }
    const DescriptorChain& first = buffers_.front().chain;
    const auto store = [&first](std::size_t offset, std::uint8_t value) {
        first.writable_byte(offset)->store(value);  // each buffer has a header's bytes
    };
    if (!device_.backend().has_header()) {
        for (std::size_t i = 0; i < kHeaderBytes; ++i) {
            store(i, 0);
        }
    }
    if (!may_have_checksums_) {
        store(offsetof(NetHeader, flags), 0);  // 5.1.6.4.1
    }
    store(offsetof(NetHeader, num_buffers), static_cast<std::uint8_t>(count));
    store(offsetof(NetHeader, num_buffers) + 1, static_cast<std::uint8_t>(count >> 8));
    counters_.frames.add(1);
    counters_.bytes.add(frame_bytes - kHeaderBytes);
    ++unseen_frames_;
    unseen_bytes_ += frame_bytes;
    for (left = frame_bytes; left != 0;) {
        const std::size_t used = std::min<std::size_t>(left, buffers_.front().bytes);
        queue_.complete(std::move(buffers_.front().chain), static_cast<std::uint32_t>(used));
        buffers_.pop_front();
        left -= used;
    }
}

RxQueue::State RxQueue::failed(int error) {
    if (error == EAGAIN || error == EINTR) {
        return State::kNoFrame;
    }
    if (error == EBADFD || error == EPIPE) {
        unwatch();
        device_.look_whether_gone();
        return State::kOff;
    }
    counters_.dropped.add(1);
    return State::kNoFrame;
}

void RxQueue::stop() {
    unwatch();
    limit_timer_.stop();
    self_.reset();
    for (; !buffers_.empty(); buffers_.pop_front()) {
        queue_.abandon(std::move(buffers_.front().chain));
    }
}

}  // namespace skiff::virtio::net
