// SPDX-License-Identifier: Apache-2.0
#include "vmm/netstack/tcp_responder.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

#include "base/random.h"

namespace skiff::netstack {

std::uint32_t TcpResponder::random_sequence() {
    std::array<std::uint8_t, 4> bytes{};
    fill_random(bytes);
    return std::bit_cast<std::uint32_t>(bytes);
}

void TcpResponder::take(std::span<const std::uint8_t> frame, bool checksum_is_whole,
                        Clock::time_point now) {
    if (const auto request = parse_arp_request(frame)) {
        if (request->wanted == options_.address) {
            reply(*request);
        }
        return;
    }
    const auto segment = parse_tcp(frame, checksum_is_whole);
    if (segment.has_value() && segment->to.address == options_.address) {
        take_segment(*segment, now);
        forget_ended();
    }
}

void TcpResponder::take_segment(const TcpSegment& segment, Clock::time_point now) {
    const auto found =
        std::find_if(connections_.begin(), connections_.end(), [&](const auto& connection) {
            return connection->client().address == segment.from.address &&
                   connection->client().port == segment.from.port &&
                   connection->server().port == segment.to.port;
        });
    if (found != connections_.end()) {
        (*found)->receive(segment, now);
    } else if (segment.has(kRst)) {
        return;
    } else if (segment.to.port == options_.port && segment.has(kSyn) && !segment.has(kAck)) {
        accept(segment, now);
    } else {
        refuse(segment);
    }
}

void TcpResponder::accept(const TcpSegment& syn, Clock::time_point now) {
    if (connections_.size() == kMaxConnections) {
        make_room();
    }
    TcpSegment first = syn;
    first.to.mac = kMac;
    connections_.push_back(std::make_unique<TcpConnection>(first, options_.initial_sequence(),
                                                           options_.server->accept(), now));
}

/// A connection that its client has not answered yet gives way first, so that nobody pushes those
/// in use aside by sending nothing but SYNs; then the one that has stood still the longest.
void TcpResponder::make_room() {
    const auto oldest = std::min_element(
        connections_.begin(), connections_.end(), [](const auto& one, const auto& other) {
            return std::pair(one->is_established(), one->active_since()) <
                   std::pair(other->is_established(), other->active_since());
        });
    connections_.erase(oldest);
}

/// RFC 9293, 3.10.7.1.
void TcpResponder::refuse(const TcpSegment& segment) {
    TcpSegment reset;
    reset.from = segment.to;
    reset.from.mac = kMac;
    reset.to = segment.from;
    reset.flags = kRst;
    if (segment.has(kAck)) {
        reset.sequence = segment.acknowledgment;
    } else {
        reset.flags |= kAck;
        reset.acknowledgment = segment.sequence + segment.length();
    }
    reply(reset);
}

/// What finds no place is lost: its sender asks again.
void TcpResponder::reply(const Reply& reply) {
    if (replies_.size() < kMaxReplies) {
        replies_.push_back(reply);
    }
}

bool TcpResponder::has_frame() const {
    return !replies_.empty() ||
           std::any_of(connections_.begin(), connections_.end(),
                       [](const auto& connection) { return connection->has_segment(); });
}

std::size_t TcpResponder::give(std::span<std::uint8_t, kMaxGivenBytes> room,
                               Clock::time_point now) {
    if (!replies_.empty()) {
        const Reply reply = replies_.front();
        replies_.pop_front();
        const auto* const request = std::get_if<ArpRequest>(&reply);
        return request != nullptr ? write_arp_reply(*request, kMac, room)
                                  : write_tcp(std::get<TcpSegment>(reply), room);
    }
    // Each in its turn.
    for (std::size_t i = 0; i < connections_.size(); ++i) {
        TcpConnection& connection = *connections_[(next_ + i) % connections_.size()];
        if (connection.has_segment()) {
            next_ = (next_ + i + 1) % connections_.size();
            const std::size_t bytes = write_tcp(connection.next_segment(now), room);
            forget_ended();
            return bytes;
        }
    }
    return 0;
}

std::optional<virtio::net::FrameService::Clock::time_point> TcpResponder::deadline() const {
    std::optional<Clock::time_point> first;
    for (const auto& connection : connections_) {
        first = std::min(first.value_or(Clock::time_point::max()), connection->deadline());
    }
    return first;
}

void TcpResponder::tick(Clock::time_point now) {
    for (const auto& connection : connections_) {
        connection->tick(now);
    }
    forget_ended();
}

void TcpResponder::reset() {
    connections_ = Connections();
    replies_.clear();
}

void TcpResponder::forget_ended() {
    std::erase_if(connections_, [](const auto& connection) { return connection->is_over(); });
}

}  // namespace skiff::netstack
