// SPDX-License-Identifier: Apache-2.0
#include "vmm/netstack/packet.h"

#include <algorithm>
#include <cstring>

#include "base/check.h"

namespace skiff::netstack {
namespace {

using Bytes = std::span<const std::uint8_t>;

constexpr std::uint16_t kIpv4Type = 0x0800;
constexpr std::uint16_t kArpType = 0x0806;
constexpr std::uint8_t kTcpProtocol = 6;
constexpr std::uint8_t kTimeToLive = 64;
constexpr std::size_t kIpv4HeaderBytes = 20;
constexpr std::size_t kTcpHeaderBytes = 20;
constexpr std::size_t kArpBytes = 28;

// Options of TCP (RFC 9293, 3.2).
constexpr std::uint8_t kEndOfOptions = 0;
constexpr std::uint8_t kNoOperation = 1;
constexpr std::uint8_t kMaxSegmentSize = 2;
constexpr std::size_t kMaxSegmentSizeBytes = 4;

std::uint16_t read16(Bytes bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

std::uint32_t read32(Bytes bytes, std::size_t at) {
    return std::uint32_t{read16(bytes, at)} << 16 | read16(bytes, at + 2);
}

template <std::size_t kSize>
std::array<std::uint8_t, kSize> read_array(Bytes bytes, std::size_t at) {
    std::array<std::uint8_t, kSize> array;
    std::memcpy(array.data(), bytes.subspan(at, kSize).data(), kSize);
    return array;
}

/// Appends to a frame.
class Writer {
  public:
    explicit Writer(std::span<std::uint8_t> room) : room_(room) {}

    void put8(std::uint8_t value) { room_[size_++] = value; }
    void put16(std::uint32_t value) {
        put8(static_cast<std::uint8_t>(value >> 8));
        put8(static_cast<std::uint8_t>(value));
    }
    void put32(std::uint32_t value) {
        put16(value >> 16);
        put16(value & 0xffff);
    }
    void put(Bytes bytes) {
        std::copy(bytes.begin(), bytes.end(), room_.subspan(size_, bytes.size()).begin());
        size_ += bytes.size();
    }
    void ethernet(const MacAddress& to, const MacAddress& from, std::uint16_t type) {
        put(to);
        put(from);
        put16(type);
    }
    void set16(std::size_t at, std::uint16_t value) {
        room_[at] = static_cast<std::uint8_t>(value >> 8);
        room_[at + 1] = static_cast<std::uint8_t>(value);
    }
    std::size_t size() const { return size_; }

  private:
    std::span<std::uint8_t> room_;
    std::size_t size_ = 0;
};

/// Adds up 16-bit words (RFC 1071).
std::uint64_t sum_words(Bytes bytes) {
    std::uint64_t sum = 0;
    std::size_t at = 0;
    for (; at + 1 < bytes.size(); at += 2) {
        sum += read16(bytes, at);
    }
    return at < bytes.size() ? sum + (std::uint64_t{bytes[at]} << 8) : sum;
}

std::uint16_t checksum(std::uint64_t sum) {
    while (sum > 0xffff) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

/// Of a TCP segment, with the pseudo header (RFC 9293, 3.1); 0 where the one in it is right.
std::uint16_t tcp_checksum(const Ipv4Address& from, const Ipv4Address& to, Bytes segment) {
    return checksum(sum_words(from) + sum_words(to) + kTcpProtocol + segment.size() +
                    sum_words(segment));
}

std::optional<std::uint16_t> find_max_segment(Bytes options) {
    while (!options.empty() && options[0] != kEndOfOptions) {
        if (options[0] == kNoOperation) {
            options = options.subspan(1);
            continue;
        }
        if (options.size() < 2 || options[1] < 2 || options[1] > options.size()) {
            break;
        }
        if (options[0] == kMaxSegmentSize && options[1] == kMaxSegmentSizeBytes) {
            return read16(options, 2);
        }
        options = options.subspan(options[1]);
    }
    return std::nullopt;
}

/// What a whole IPv4 packet without fragments carries.
std::optional<Bytes> tcp_of(Bytes packet) {
    if (packet.size() < kIpv4HeaderBytes || packet[0] >> 4 != 4) {
        return std::nullopt;
    }
    const std::size_t header = (packet[0] & 0xf) * std::size_t{4};
    const std::size_t all = read16(packet, 2);
    const bool is_fragment = (read16(packet, 6) & 0x3fff) != 0;
    if (header < kIpv4HeaderBytes || all < header || all > packet.size() || is_fragment ||
        packet[9] != kTcpProtocol || checksum(sum_words(packet.first(header))) != 0) {
        return std::nullopt;
    }
    return packet.first(all).subspan(header);
}

}  // namespace

std::optional<TcpSegment> parse_tcp(Bytes frame, bool checksum_is_whole) {
    if (frame.size() < kHeaderBytes || read16(frame, 12) != kIpv4Type) {
        return std::nullopt;
    }
    const Bytes packet = frame.subspan(kEthernetHeaderBytes);
    const std::optional<Bytes> tcp = tcp_of(packet);
    if (!tcp.has_value() || tcp->size() < kTcpHeaderBytes) {
        return std::nullopt;
    }
    const std::size_t header = ((*tcp)[12] >> 4) * std::size_t{4};
    if (header < kTcpHeaderBytes || header > tcp->size()) {
        return std::nullopt;
    }
    TcpSegment segment;
    segment.to = {.mac = read_array<6>(frame, 0),
                  .address = read_array<4>(packet, 16),
                  .port = read16(*tcp, 2)};
    segment.from = {.mac = read_array<6>(frame, 6),
                    .address = read_array<4>(packet, 12),
                    .port = read16(*tcp, 0)};
    if (checksum_is_whole && tcp_checksum(segment.from.address, segment.to.address, *tcp) != 0) {
        return std::nullopt;
    }
    segment.sequence = read32(*tcp, 4);
    segment.acknowledgment = read32(*tcp, 8);
    segment.flags = (*tcp)[13];
    segment.window = read16(*tcp, 14);
    segment.max_segment_bytes =
        find_max_segment(tcp->subspan(kTcpHeaderBytes, header - kTcpHeaderBytes));
    segment.payload = tcp->subspan(header);
    return segment;
}

std::size_t write_tcp(const TcpSegment& segment,
                      std::span<std::uint8_t, virtio::net::FrameService::kMaxGivenBytes> frame) {
    const std::size_t options = segment.max_segment_bytes.has_value() ? kMaxSegmentSizeBytes : 0;
    const std::size_t tcp_bytes = kTcpHeaderBytes + options + segment.payload.size();
    SKIFF_CHECK(segment.payload.size() + options <= kMaxPayload);
    Writer out(frame);
    out.ethernet(segment.to.mac, segment.from.mac, kIpv4Type);
    out.put8(0x45);  // version 4, five words
    out.put8(0);
    out.put16(static_cast<std::uint32_t>(kIpv4HeaderBytes + tcp_bytes));
    out.put16(0);
    out.put16(0x4000);  // not to be fragmented
    out.put8(kTimeToLive);
    out.put8(kTcpProtocol);
    out.put16(0);
    out.put(segment.from.address);
    out.put(segment.to.address);
    const auto ip = frame.subspan(kEthernetHeaderBytes, kIpv4HeaderBytes);
    out.set16(kEthernetHeaderBytes + 10, checksum(sum_words(ip)));
    const std::size_t tcp_at = out.size();
    out.put16(segment.from.port);
    out.put16(segment.to.port);
    out.put32(segment.sequence);
    out.put32(segment.acknowledgment);
    out.put8(static_cast<std::uint8_t>((kTcpHeaderBytes + options) / 4 << 4));
    out.put8(segment.flags);
    out.put16(segment.window);
    out.put32(0);
    if (segment.max_segment_bytes.has_value()) {
        out.put8(kMaxSegmentSize);
        out.put8(kMaxSegmentSizeBytes);
        out.put16(*segment.max_segment_bytes);
    }
    out.put(segment.payload);
    const auto tcp = frame.subspan(tcp_at, tcp_bytes);
    out.set16(tcp_at + 16, tcp_checksum(segment.from.address, segment.to.address, tcp));
    return out.size();
}

std::optional<ArpRequest> parse_arp_request(Bytes frame) {
    if (frame.size() < kEthernetHeaderBytes + kArpBytes || read16(frame, 12) != kArpType) {
        return std::nullopt;
    }
    const Bytes arp = frame.subspan(kEthernetHeaderBytes);
    // Ethernet and IPv4, with addresses of 6 and 4 bytes; 1: a request.
    if (read16(arp, 0) != 1 || read16(arp, 2) != kIpv4Type || arp[4] != 6 || arp[5] != 4 ||
        read16(arp, 6) != 1) {
        return std::nullopt;
    }
    return ArpRequest{.mac = read_array<6>(arp, 8),
                      .address = read_array<4>(arp, 14),
                      .wanted = read_array<4>(arp, 24)};
}

std::size_t write_arp_reply(
    const ArpRequest& request, const MacAddress& mac,
    std::span<std::uint8_t, virtio::net::FrameService::kMaxGivenBytes> frame) {
    Writer out(frame);
    out.ethernet(request.mac, mac, kArpType);
    out.put16(1);
    out.put16(kIpv4Type);
    out.put8(6);
    out.put8(4);
    out.put16(2);  // a reply
    out.put(mac);
    out.put(request.wanted);
    out.put(request.mac);
    out.put(request.address);
    return out.size();
}

}  // namespace skiff::netstack
