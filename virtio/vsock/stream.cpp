// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/stream.h"

#include <utility>

namespace skiff::virtio::vsock {

Stream::Stream(Origin origin, std::uint32_t buffer_bytes)
    : origin_(origin),
      buffer_bytes_(buffer_bytes),
      established_(origin == Origin::kGuest),
      known_to_guest_(origin == Origin::kGuest) {}

void Stream::take_credit(const PacketHeader& packet) {
    guest_buffer_ = packet.buf_alloc;
    guest_forwarded_ = packet.fwd_cnt;
    if (sendable_bytes() != 0) {
        has_asked_for_credit_ = false;
    }
}

Reaction Stream::receive(const PacketHeader& packet) {
    take_credit(packet);  // 5.10.6.3: every packet of a stream has it
    const Op op{packet.op};
    if (op == Op::kRst) {
        return Reaction::kEnded;
    }
    if (!established_) {
        if (op != Op::kResponse || owes_open_) {
            return Reaction::kViolation;  // an answer before our question is one too
        }
        established_ = true;
        return Reaction::kEstablished;
    }
    switch (op) {
        case Op::kShutdown:
            return receive_shutdown(packet.flags);
        case Op::kRw:
            return receive_data(packet.len);
        case Op::kCreditUpdate:
            return Reaction::kNone;
        case Op::kCreditRequest:
            owes_credit_update_ = true;
            return Reaction::kNone;
        default:
            return Reaction::kViolation;
    }
}

Reaction Stream::receive_data(std::uint32_t bytes) {
    if (!guest_sends() || bytes > buffer_bytes_ - unforwarded()) {
        return Reaction::kViolation;
    }
    if (bytes == 0) {
        return Reaction::kNone;
    }
    received_ += bytes;
    if (!host_receives()) {
        forwarded(bytes);
        return Reaction::kDiscard;
    }
    return Reaction::kData;
}

Reaction Stream::receive_shutdown(std::uint32_t flags) {
    guest_shut_ |= flags & kShutdownBoth;
    return guest_shut_ == kShutdownBoth ? Reaction::kClosed : Reaction::kShutdown;
}

void Stream::forwarded(std::uint32_t bytes) {
    forwarded_ += bytes;
    // Often enough that the guest need not stop, and seldom enough that it is no packet for each of
    // its own.
    if (forwarded_ - told_forwarded_ >= buffer_bytes_ / 4 && guest_sends()) {
        owes_credit_update_ = true;
    }
}

void Stream::want_credit() {
    if (established_ && !owes_open_ && guest_receives() &&
        !std::exchange(has_asked_for_credit_, true)) {
        owes_credit_request_ = true;
    }
}

bool Stream::owes_control() const {
    if (owes_open_) {
        return true;
    }
    return established_ &&
           (owes_credit_update_ || owes_credit_request_ || told_shut_ != host_shut_);
}

std::optional<Control> Stream::take_control() {
    if (!owes_control()) {
        return std::nullopt;
    }
    if (std::exchange(owes_open_, false)) {
        known_to_guest_ = true;
        return Control{.op = origin_ == Origin::kHost ? Op::kRequest : Op::kResponse};
    }
    if (told_shut_ != host_shut_) {
        told_shut_ = host_shut_;
        return Control{.op = Op::kShutdown, .flags = told_shut_};
    }
    if (std::exchange(owes_credit_request_, false)) {
        return Control{.op = Op::kCreditRequest};
    }
    owes_credit_update_ = false;
    return Control{.op = Op::kCreditUpdate};
}

std::uint32_t Stream::sendable_bytes() const {
    if (!established_ || owes_open_ || !guest_receives()) {
        return 0;
    }
    // A guest that says it got more than we sent, or that its buffer shrank, has no room.
    const std::uint32_t in_flight = sent_ - guest_forwarded_;
    return in_flight < guest_buffer_ ? guest_buffer_ - in_flight : 0;
}

void Stream::put_credit(PacketHeader& packet) {
    packet.buf_alloc = buffer_bytes_;
    packet.fwd_cnt = forwarded_;
    told_forwarded_ = forwarded_;
    owes_credit_update_ = false;
}

}  // namespace skiff::virtio::vsock
