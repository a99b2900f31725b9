// SPDX-License-Identifier: Apache-2.0
#include "virtio_net/offload_frame.h"

#include "virtio/net_registers.h"
#include "virtio_net_bench/frames.h"

namespace payload {
namespace {

using virtio::net::kHeaderSize;

constexpr std::uint8_t kTcp = 6;
constexpr std::uint8_t kUdp = 17;
constexpr std::uint32_t kUdpSize = 8;
constexpr std::uint32_t kIp6Size = 40;
constexpr std::uint16_t kDiscardPort = 9;
/// What a segment carries: TCP behind its headers in 1500 bytes; a fragment's size is a multiple
/// of 8.
constexpr std::uint16_t kSegment = 1440;

/// Of 16-bit words, not yet inverted.
std::uint16_t sum_of(const std::uint8_t* data, std::uint32_t size, std::uint32_t more) {
    std::uint32_t sum = more;
    for (std::uint32_t i = 0; i < size; i += 2) {
        sum += static_cast<std::uint32_t>(data[i] << 8 | data[i + 1]);
    }
    while (sum >> 16 != 0) {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(sum);
}

}  // namespace

bool OffloadFrame::is_udp() const {
    return gso_type == virtio::net::kGsoUdp || gso_type == virtio::net::kGsoUdpSegments;
}

std::uint32_t OffloadFrame::ip_size() const {
    return is_ip6 ? kIp6Size : bench::kIpSize;
}

std::uint32_t OffloadFrame::headers_size() const {
    return bench::kEthernetSize + ip_size() + (is_udp() ? kUdpSize : bench::kTcpSize);
}

void OffloadFrame::write_headers(std::uint8_t* at, std::uint32_t size) const {
    std::uint8_t* const frame = at + kHeaderSize;
    write_virtio_header(at);
    bench::put_ethernet(frame, bench::kHost, bench::kGuest,
                        is_ip6 ? bench::kIp6Type : bench::kIpType);
    write_ip(frame + bench::kEthernetSize, size - bench::kEthernetSize);
    write_transport(frame + bench::kEthernetSize + ip_size(),
                    size - bench::kEthernetSize - ip_size());
}

void OffloadFrame::write_virtio_header(std::uint8_t* at) const {
    const virtio::net::Header header = {
        .flags = virtio::net::kNeedsCsum,
        .gso_type = gso_type,
        .hdr_len = static_cast<std::uint16_t>(gso_type != 0 ? headers_size() : 0),
        .gso_size = static_cast<std::uint16_t>(gso_type != 0 ? kSegment : 0),
        .csum_start = static_cast<std::uint16_t>(bench::kEthernetSize + ip_size()),
        .csum_offset = static_cast<std::uint16_t>(is_udp() ? 6 : 16),
        .num_buffers = 0};
    const auto* const bytes = reinterpret_cast<const std::uint8_t*>(&header);
    for (std::uint32_t i = 0; i < kHeaderSize; ++i) {
        at[i] = bytes[i];
    }
}

void OffloadFrame::write_ip(std::uint8_t* at, std::uint32_t size) const {
    if (!is_ip6) {
        return bench::put_ip(at, size, is_udp() ? kUdp : kTcp, bench::kNobody, bench::kGuest);
    }
    for (std::uint32_t i = 0; i < kIp6Size; ++i) {
        at[i] = 0;
    }
    at[0] = 0x60;
    bench::put16(at + 4, size - kIp6Size);
    at[6] = is_udp() ? kUdp : kTcp;
    at[7] = 64;
    // From fd00::2 to fd00::9.
    at[8] = at[24] = 0xfd;
    at[23] = bench::kGuest;
    at[39] = bench::kNobody;
}

/// With the sum of the pseudo header where the checksum belongs: whoever completes it adds the
/// rest.
void OffloadFrame::write_transport(std::uint8_t* at, std::uint32_t size) const {
    const std::uint32_t own_size = is_udp() ? kUdpSize : bench::kTcpSize;
    for (std::uint32_t i = 0; i < own_size; ++i) {
        at[i] = 0;
    }
    bench::put16(at, kDiscardPort);
    bench::put16(at + 2, kDiscardPort);
    const std::uint32_t addresses_size = is_ip6 ? 32 : 8;
    const std::uint16_t pseudo =
        sum_of(at - addresses_size, addresses_size, size + (is_udp() ? kUdp : kTcp));
    if (is_udp()) {
        bench::put16(at + 4, size);
        return bench::put16(at + 6, pseudo);
    }
    at[12] = bench::kTcpSize / 4 << 4;
    const bool is_congested = (gso_type & virtio::net::kGsoEcn) != 0;
    at[13] = is_congested ? 0x90 : 0x10;  // ACK, and CWR of a sender that was told to slow down
    bench::put16(at + 16, pseudo);
}

}  // namespace payload
