// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "virtio/net/frame_service.h"
#include "virtio/net/net_registers.h"

/// The few packets that a TCP service needs: ARP for IPv4 on Ethernet (RFC 826), and TCP (RFC 9293)
/// in IPv4 (RFC 791) without fragments.
namespace skiff::netstack {

using virtio::net::Ipv4Address;
using virtio::net::MacAddress;

/// An end of a conversation.
struct Endpoint {
    MacAddress mac{};
    Ipv4Address address{};
    std::uint16_t port = 0;

    bool operator==(const Endpoint&) const = default;
};

/// Flags of a segment (RFC 9293, 3.1).
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kPsh = 0x08;
inline constexpr std::uint8_t kAck = 0x10;

/// A TCP segment. Of one that was received, everything is the guest's.
struct TcpSegment {
    Endpoint from;
    Endpoint to;
    std::uint32_t sequence = 0;
    std::uint32_t acknowledgment = 0;
    std::uint8_t flags = 0;
    std::uint16_t window = 0;
    /// The option of that name, where there is one.
    std::optional<std::uint16_t> max_segment_bytes;
    std::span<const std::uint8_t> payload;

    bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
    /// The sequence numbers that it takes (RFC 9293, 3.4).
    std::uint32_t length() const {
        return static_cast<std::uint32_t>(payload.size()) + (has(kSyn) ? 1 : 0) +
               (has(kFin) ? 1 : 0);
    }
};

inline constexpr std::size_t kEthernetHeaderBytes = 14;
/// Ethernet, IPv4 and TCP without options.
inline constexpr std::size_t kHeaderBytes = kEthernetHeaderBytes + 20 + 20;
/// The largest payload of a segment that we write.
inline constexpr std::size_t kMaxPayload = virtio::net::FrameService::kMaxGivenBytes - kHeaderBytes;

/// The segment in a frame; nothing where there is no whole and correct one. `payload` points into
/// the frame. Without `checksum_is_whole` TCP's checksum is not looked at.
std::optional<TcpSegment> parse_tcp(std::span<const std::uint8_t> frame, bool checksum_is_whole);

/// Writes a frame with this segment; how many bytes it has.
std::size_t write_tcp(const TcpSegment& segment,
                      std::span<std::uint8_t, virtio::net::FrameService::kMaxGivenBytes> frame);

/// Who asks by ARP for which address.
struct ArpRequest {
    MacAddress mac;
    Ipv4Address address;
    Ipv4Address wanted;
};
std::optional<ArpRequest> parse_arp_request(std::span<const std::uint8_t> frame);

/// Writes the answer: `mac` has the address that was wanted.
std::size_t write_arp_reply(
    const ArpRequest& request, const MacAddress& mac,
    std::span<std::uint8_t, virtio::net::FrameService::kMaxGivenBytes> frame);

}  // namespace skiff::netstack
