// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/serving_backend.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "virtio/net/net_registers.h"

namespace skiff::virtio::net {
namespace {

// Ethernet (IEEE 802.3), IPv4 (RFC 791) and ARP (RFC 826): what tells for whom a frame is.
constexpr std::size_t kTypeAt = 12;
constexpr std::size_t kProtocolAt = 14 + 9;
constexpr std::size_t kIpv4ToAt = 14 + 16;
constexpr std::size_t kArpForAt = 14 + 24;
constexpr std::size_t kLookedAt = kArpForAt + sizeof(Ipv4Address);
constexpr std::uint8_t kTcp = 6;

constexpr std::uint8_t kNeedsChecksum = 1;  // VIRTIO_NET_HDR_F_NEEDS_CSUM (5.1.6)

/// Copies the begin of what the buffers hold; how much it was.
std::size_t gather(std::span<const iovec> from, std::span<std::uint8_t> to) {
    std::size_t size = 0;
    for (const iovec& part : from) {
        const std::size_t here = std::min(part.iov_len, to.size() - size);
        std::memcpy(to.data() + size, part.iov_base, here);
        size += here;
        if (size == to.size()) {
            break;
        }
    }
    return size;
}

std::size_t scatter(std::span<const std::uint8_t> from, std::span<const iovec> to) {
    std::size_t size = 0;
    for (const iovec& part : to) {
        const std::size_t here = std::min(part.iov_len, from.size() - size);
        std::memcpy(part.iov_base, from.data() + size, here);
        size += here;
        if (size == from.size()) {
            break;
        }
    }
    return size;
}

std::size_t total(std::span<const iovec> parts) {
    std::size_t bytes = 0;
    for (const iovec& part : parts) {
        bytes += part.iov_len;
    }
    return bytes;
}

}  // namespace

ServingBackend::ServingBackend(std::unique_ptr<NetBackend> network,
                               std::unique_ptr<FrameService> service)
    : network_(std::move(network)),
      header_bytes_(network_->has_header() ? kHeaderBytes : 0),
      address_(service->address()),
      is_unsent_(network_->queue_pairs()),
      service_(std::move(service)),
      self_(std::make_shared<ServingBackend*>(this)) {}

/// By a copy of the first bytes. The guest may change them meanwhile, and then gets an answer, or
/// none, to what it did not send: whoever takes the frame checks its own copy.
bool ServingBackend::is_for_service(std::span<const iovec> frame) const {
    std::array<std::uint8_t, kHeaderBytes + kLookedAt> begin;
    const std::size_t wanted = header_bytes_ + kLookedAt;
    if (gather(frame, std::span(begin).first(wanted)) != wanted) {
        return false;
    }
    const std::uint8_t* const bytes = begin.data() + header_bytes_;
    const auto is_ours = [this, bytes](std::size_t at) {
        return std::memcmp(bytes + at, address_.data(), address_.size()) == 0;
    };
    if (bytes[kTypeAt] != 0x08) {
        return false;
    }
    if (bytes[kTypeAt + 1] == 0x00) {
        return is_ours(kIpv4ToAt) && bytes[kProtocolAt] == kTcp;
    }
    return bytes[kTypeAt + 1] == 0x06 && is_ours(kArpForAt);
}

Transfer ServingBackend::send(unsigned pair, std::span<const iovec> frame) {
    if (is_unsent_[pair] == 0 && is_for_service(frame)) {
        return serve(frame);
    }
    const Transfer sent = network_->send(pair, frame);
    is_unsent_[pair] = sent.error == EAGAIN && network_->room_fd(pair) >= 0 ? 1 : 0;
    return sent;
}

void ServingBackend::abandon_unsent(unsigned pair) {
    is_unsent_[pair] = 0;
    network_->abandon_unsent(pair);
}

Transfer ServingBackend::serve(std::span<const iovec> frame) {
    const std::size_t bytes = total(frame);
    {
        const std::lock_guard lock(mutex_);
        frame_.resize(std::min(bytes, kMaxFrameBytes));
        frame_.resize(gather(frame, frame_));
        const bool is_partial = header_bytes_ != 0 && (frame_.front() & kNeedsChecksum) != 0;
        service_->take(std::span<const std::uint8_t>(frame_).subspan(header_bytes_), !is_partial,
                       FrameService::Clock::now());
    }
    service_changed();
    return {.bytes = bytes, .error = 0};
}

Transfer ServingBackend::receive(unsigned pair, std::span<const iovec> room) {
    if (pair == 0 && holds_frames_.load(std::memory_order_relaxed)) {
        const Transfer given = give(room);
        if (given.bytes != 0) {
            return given;
        }
    }
    return network_->receive(pair, room);
}

Transfer ServingBackend::give(std::span<const iovec> room) {
    std::array<std::uint8_t, kHeaderBytes + FrameService::kMaxGivenBytes> frame{};
    std::size_t bytes = 0;
    {
        const std::lock_guard lock(mutex_);
        bytes =
            service_->give(std::span(frame).subspan<kHeaderBytes>(), FrameService::Clock::now());
    }
    service_changed();
    if (bytes == 0) {
        return {};
    }
    // Before the frame there is a header of zeros: nothing is left to be done to it.
    return {.bytes = scatter(std::span<const std::uint8_t>(frame).subspan(
                                 kHeaderBytes - header_bytes_, header_bytes_ + bytes),
                             room),
            .error = 0};
}

/// After each call of the service: tells of new frames, and sees to the timer.
void ServingBackend::service_changed() {
    bool has_new_frames = false;
    bool needs_timer = false;
    {
        const std::lock_guard lock(mutex_);
        const bool has_frame = service_->has_frame();
        has_new_frames = !holds_frames_.exchange(has_frame) && has_frame;
        const auto due = service_->deadline();
        // One that is due too early looks, and is started again.
        needs_timer = due.has_value() && (!timer_due_.has_value() || *due < *timer_due_);
        if (needs_timer) {
            timer_due_ = due;
        }
    }
    if (has_new_frames) {
        told_();
    }
    if (needs_timer && loop_ != nullptr) {
        loop_->post([self = std::weak_ptr(self_)] {
            if (const auto backend = self.lock()) {
                (*backend)->start_timer();
            }
        });
    }
}

void ServingBackend::start_timer() {
    std::optional<FrameService::Clock::time_point> due;
    {
        const std::lock_guard lock(mutex_);
        due = timer_due_;
    }
    if (due.has_value()) {
        const std::chrono::nanoseconds delay = *due - FrameService::Clock::now();
        // Without a timer to be had, what the guest sends next moves things on.
        static_cast<void>(timer_->start(std::max(delay, std::chrono::nanoseconds(1))));
    }
}

void ServingBackend::timer_expired() {
    {
        const std::lock_guard lock(mutex_);
        timer_due_.reset();
        service_->tick(FrameService::Clock::now());
    }
    service_changed();
}

void ServingBackend::discard_waiting() {
    network_->discard_waiting();
    {
        const std::lock_guard lock(mutex_);
        service_->reset();
    }
    service_changed();
}

Result<void> ServingBackend::watch_link(EventLoop& loop, const LinkObserver& changed) {
    loop_ = &loop;
    timer_.emplace(loop, [this] { timer_expired(); });
    return network_->watch_link(loop, changed);
}

}  // namespace skiff::virtio::net
