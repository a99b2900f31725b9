// SPDX-License-Identifier: Apache-2.0
#include "virtio/console/port_queues.h"

#include <algorithm>
#include <utility>

namespace skiff::virtio::console {
namespace {

// So many steps (a chain, or a part of one) at a time: others share the loop.
constexpr unsigned kStepsInARow = 64;

}  // namespace

void PortQueue::resume_soon() {
    if (!std::exchange(asked_, true)) {
        context_.loop.post([self = std::weak_ptr(self_)] {
            if (const auto queue = self.lock()) {
                (*queue)->asked_ = false;
                (*queue)->context_.resume();
            }
        });
    }
}

ReceiveQueue::ReceiveQueue(ConsolePort& port, const QueueContext& context)
    : PortQueue(context), port_(port) {
    port.set_receiver(this);
}

Progress ReceiveQueue::process() {
    bool has_buffers = true;
    while (port_.has_input_for_guest()) {
        auto chain = queue().pop();
        if (!chain.has_value()) {
            has_buffers = false;
            break;
        }
        // 5.3.6.1: only buffers that the device writes; and one without room is none.
        if (chain->readable_bytes() != 0 || chain->writable_bytes() == 0) {
            queue().refuse(std::move(*chain));
            return Progress::kDrained;
        }
        const std::uint32_t given = port_.give_input(*chain);
        queue().complete(std::move(*chain), given);
    }
    port_.input_was_given();
    // With nothing to give, no notification is wanted.
    return has_buffers ? Progress::kBlocked : Progress::kDrained;
}

void ReceiveQueue::stop() {
    port_.set_receiver(nullptr);
    PortQueue::stop();
}

TransmitQueue::TransmitQueue(ConsolePort& port, const QueueContext& context)
    : PortQueue(context), port_(port) {
    port.set_sender(this);
}

Progress TransmitQueue::process() {
    for (unsigned i = 0; i < kStepsInARow; ++i) {
        switch (step()) {
            case Step::kSent:
                break;
            case Step::kBackendFull:
                return Progress::kBlocked;
            case Step::kNothingLeft:
                return Progress::kDrained;
        }
    }
    resume_soon();
    return Progress::kBlocked;
}

TransmitQueue::Step TransmitQueue::step() {
    if (unsent_.empty() && !next_bytes()) {
        return Step::kNothingLeft;
    }
    unsent_ = unsent_.subspan(port_.output(unsent_));
    if (!unsent_.empty()) {
        return Step::kBackendFull;
    }
    if (chain_->readable_bytes() == 0) {
        queue().complete(*std::exchange(chain_, std::nullopt), 0);
    }
    return Step::kSent;
}

/// Copies what the chain has next, of the next chain where there is none. False where there is
/// none at all.
bool TransmitQueue::next_bytes() {
    if (!chain_.has_value()) {
        chain_ = queue().pop();
    }
    if (!chain_.has_value()) {
        return false;
    }
    // 5.3.6.1: only buffers that the device reads.
    if (chain_->writable_bytes() != 0) {
        queue().refuse(*std::exchange(chain_, std::nullopt));
        return false;
    }
    const std::span part =
        std::span(copy_).first(std::min<std::uint64_t>(copy_.size(), chain_->readable_bytes()));
    if (!chain_->read(part)) {
        return false;
    }
    unsent_ = part;
    return true;
}

std::uint64_t TransmitQueue::deliver_until(std::chrono::steady_clock::time_point deadline) {
    while (std::chrono::steady_clock::now() < deadline) {
        const Step result = step();
        if (result == Step::kNothingLeft) {
            break;
        }
        if (result == Step::kBackendFull && !port_.backend().deliver_until(deadline)) {
            break;
        }
    }
    queue().flush();
    std::uint64_t left = unsent_.size() + (chain_.has_value() ? chain_->readable_bytes() : 0);
    for (unsigned i = queue().size(); i != 0; --i) {
        auto chain = queue().pop();
        if (!chain.has_value()) {
            break;
        }
        left += chain->readable_bytes();
        queue().abandon(std::move(*chain));
    }
    return left;
}

void TransmitQueue::stop() {
    port_.set_sender(nullptr);
    PortQueue::stop();
    unsent_ = {};
    if (chain_.has_value()) {
        queue().abandon(*std::exchange(chain_, std::nullopt));
    }
}

}  // namespace skiff::virtio::console
