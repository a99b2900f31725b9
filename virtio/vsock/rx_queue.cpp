// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/rx_queue.h"

#include <utility>

namespace skiff::virtio::vsock {
namespace {

// So many packets are shown to the driver at once: it works on them while we go on.
constexpr unsigned kPacketsAtOnce = 16;
// Then others of the loop have their turn.
constexpr unsigned kPacketsInARow = 128;

}  // namespace

RxQueue::RxQueue(VsockDevice& device, const QueueContext& context)
    : device_(device),
      context_(context),
      queue_(context.queue),
      self_(std::make_shared<RxQueue*>(this)) {
    device_.set_rx_queue(this);
}

Progress RxQueue::process() {
    const State state = send_some();
    if (state == State::kOthersTurn) {
        post(&RxQueue::send);
    }
    // Without packets we want to hear of no buffers.
    progress_ = state == State::kNoBuffers ? Progress::kDrained : Progress::kBlocked;
    return progress_;
}

void RxQueue::send() {
    const State state = send_some();
    queue_.flush();
    if (state == State::kOthersTurn) {
        post(&RxQueue::send);
    } else if (state == State::kNoBuffers && progress_ == Progress::kBlocked) {
        // The queue must ask for notifications from now on, which it learns by process().
        progress_ = Progress::kDrained;
        post(&RxQueue::process_again);
    }
}

RxQueue::State RxQueue::send_some() {
    unsigned packets = 0;
    State state = State::kOthersTurn;
    while (packets < kPacketsInARow) {
        if (!device_.exchange().has_packets()) {
            state = State::kNoPackets;
            break;
        }
        if (!take_buffer()) {
            state = State::kNoBuffers;
            break;
        }
        if (const auto bytes = device_.exchange().to_guest(*buffer_)) {
            queue_.complete(*std::exchange(buffer_, std::nullopt), *bytes);
            if (++packets % kPacketsAtOnce == 0) {
                queue_.flush();
            }
        }
    }
    if (packets != 0) {
        device_.guest_took_packets();
    }
    return state;
}

bool RxQueue::take_buffer() {
    if (!buffer_.has_value()) {
        buffer_ = queue_.pop();
        // What has no room for payload has no use.
        if (buffer_.has_value() && buffer_->writable_bytes() <= sizeof(PacketHeader)) {
            queue_.refuse(*std::exchange(buffer_, std::nullopt));
        }
    }
    return buffer_.has_value();
}

void RxQueue::post(void (RxQueue::*what)()) {
    context_.loop.post([self = std::weak_ptr(self_), what] {
        if (const auto queue = self.lock()) {
            ((*queue)->*what)();
        }
    });
}

void RxQueue::stop() {
    device_.set_rx_queue(nullptr);
    self_.reset();
    if (buffer_.has_value()) {
        queue_.abandon(*std::exchange(buffer_, std::nullopt));
    }
}

}  // namespace skiff::virtio::vsock
