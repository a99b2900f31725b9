// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "virtio/net/frame_service.h"
#include "vmm/netstack/packet.h"

namespace skiff::test {

/// A guest's end of a TCP connection to a FrameService: it sends what a test tells it, and answers
/// nothing by itself. Time is the test's.
class TcpGuest {
  public:
    using Service = virtio::net::FrameService;
    using Segment = netstack::TcpSegment;

    explicit TcpGuest(Service& service, std::uint16_t port = 40'000) : service_(service) {
        own = {.mac = {2, 0, 0, 0, 0, 1}, .address = {10, 0, 0, 2}, .port = port};
        other = {.mac = {}, .address = service.address(), .port = 80};
    }

    /// A segment as it would come next, for a test to change.
    Segment segment(std::uint8_t flags, std::string_view payload = {}) const {
        Segment made;
        made.from = own;
        made.to = other;
        made.sequence = send_next;
        made.acknowledgment = receive_next;
        made.flags = flags;
        made.window = window;
        made.payload = {reinterpret_cast<const std::uint8_t*>(payload.data()), payload.size()};
        return made;
    }

    /// As it is; nothing is counted.
    void put(const Segment& segment, bool checksum_is_whole = true) {
        std::array<std::uint8_t, Service::kMaxGivenBytes> frame{};
        const std::size_t size = netstack::write_tcp(segment, frame);
        service_.take(std::span(frame).first(size), checksum_is_whole, now);
    }

    void send(std::uint8_t flags, std::string_view payload = {}) {
        const Segment made = segment(flags, payload);
        put(made);
        send_next += made.length();
    }

    /// The service's next segment; what it says is counted where it comes in order.
    std::optional<Segment> take() {
        std::array<std::uint8_t, Service::kMaxGivenBytes> frame{};
        const std::size_t size = service_.give(frame, now);
        if (size == 0) {
            return std::nullopt;
        }
        frames_.emplace_back(frame.begin(), frame.begin() + static_cast<std::ptrdiff_t>(size));
        auto got = netstack::parse_tcp(frames_.back(), true);
        if (got.has_value() && (got->has(netstack::kSyn) || got->sequence == receive_next)) {
            receive_next = got->sequence + got->length();
        }
        return got;
    }

    /// Whether the service accepts.
    bool connect() {
        send(netstack::kSyn);
        const auto answer = take();
        if (!answer.has_value() || answer->flags != (netstack::kSyn | netstack::kAck)) {
            return false;
        }
        other.mac = answer->from.mac;
        send(netstack::kAck);
        return true;
    }

    /// Takes and acknowledges until nothing comes: what the server has said; `ended` becomes true
    /// with its FIN.
    std::string receive_all() {
        std::string text;
        while (const auto got = take()) {
            text.append(got->payload.begin(), got->payload.end());
            ended = ended || got->has(netstack::kFin);
            was_reset = was_reset || got->has(netstack::kRst);
            if (got->length() != 0) {
                send(netstack::kAck);
            }
        }
        return text;
    }

    std::string ask(std::string_view request) {
        send(netstack::kAck | netstack::kPsh, request);
        return receive_all();
    }

    netstack::Endpoint own;
    netstack::Endpoint other;
    std::uint32_t send_next = 0xffff'fff0;  // so that it goes round soon
    std::uint32_t receive_next = 0;
    std::uint16_t window = 65'535;
    bool ended = false;
    bool was_reset = false;
    Service::Clock::time_point now = Service::Clock::now();

  private:
    Service& service_;
    std::vector<std::vector<std::uint8_t>> frames_;
};

}  // namespace skiff::test
