// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The network device as the driver sees it (VIRTIO 1.2, 5.1). Everything is little-endian.
namespace skiff::virtio::net {

/// 5.1.3: feature bits. GUEST_…: what the driver can receive; HOST_…: what it may send.
inline constexpr std::uint64_t VIRTIO_NET_F_CSUM = 1ULL << 0;
inline constexpr std::uint64_t VIRTIO_NET_F_GUEST_CSUM = 1ULL << 1;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_GUEST_OFFLOADS = 1ULL << 2;
inline constexpr std::uint64_t VIRTIO_NET_F_MTU = 1ULL << 3;
inline constexpr std::uint64_t VIRTIO_NET_F_MAC = 1ULL << 5;
inline constexpr std::uint64_t VIRTIO_NET_F_GUEST_TSO4 = 1ULL << 7;
inline constexpr std::uint64_t VIRTIO_NET_F_GUEST_TSO6 = 1ULL << 8;
inline constexpr std::uint64_t VIRTIO_NET_F_GUEST_ECN = 1ULL << 9;
inline constexpr std::uint64_t VIRTIO_NET_F_GUEST_UFO = 1ULL << 10;
inline constexpr std::uint64_t VIRTIO_NET_F_HOST_TSO4 = 1ULL << 11;
inline constexpr std::uint64_t VIRTIO_NET_F_HOST_TSO6 = 1ULL << 12;
inline constexpr std::uint64_t VIRTIO_NET_F_HOST_ECN = 1ULL << 13;
inline constexpr std::uint64_t VIRTIO_NET_F_HOST_UFO = 1ULL << 14;
inline constexpr std::uint64_t VIRTIO_NET_F_MRG_RXBUF = 1ULL << 15;
inline constexpr std::uint64_t VIRTIO_NET_F_STATUS = 1ULL << 16;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_VQ = 1ULL << 17;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_RX = 1ULL << 18;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_VLAN = 1ULL << 19;
inline constexpr std::uint64_t VIRTIO_NET_F_GUEST_ANNOUNCE = 1ULL << 21;
inline constexpr std::uint64_t VIRTIO_NET_F_MQ = 1ULL << 22;
inline constexpr std::uint64_t VIRTIO_NET_F_CTRL_MAC_ADDR = 1ULL << 23;
inline constexpr std::uint64_t VIRTIO_NET_F_GUEST_USO4 = 1ULL << 54;
inline constexpr std::uint64_t VIRTIO_NET_F_GUEST_USO6 = 1ULL << 55;
inline constexpr std::uint64_t VIRTIO_NET_F_HOST_USO = 1ULL << 56;

/// Frames larger than the MTU that the driver can receive.
inline constexpr std::uint64_t kGuestSegmentation =
    VIRTIO_NET_F_GUEST_TSO4 | VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_UFO |
    VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6;
/// 5.1.6.5.6: what GUEST_OFFLOADS_SET switches; its bits are those of the features.
inline constexpr std::uint64_t kGuestOffloads =
    kGuestSegmentation | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_ECN;
inline constexpr std::uint64_t kHostOffloads = VIRTIO_NET_F_CSUM | VIRTIO_NET_F_HOST_TSO4 |
                                               VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN |
                                               VIRTIO_NET_F_HOST_UFO | VIRTIO_NET_F_HOST_USO;

using MacAddress = std::array<std::uint8_t, 6>;

/// 5.1.4: the configuration space, as far as our features go.
struct NetConfig {
    MacAddress mac;
    std::uint16_t status;
    std::uint16_t max_virtqueue_pairs;
    std::uint16_t mtu;
};
static_assert(sizeof(NetConfig) == 12 && offsetof(NetConfig, status) == 6 &&
              offsetof(NetConfig, mtu) == 10);

/// 5.1.4: bits of `status`.
inline constexpr std::uint16_t VIRTIO_NET_S_LINK_UP = 1;
inline constexpr std::uint16_t VIRTIO_NET_S_ANNOUNCE = 2;

/// 5.1.6: what stands before each frame. With VERSION_1 it always has num_buffers: 12 bytes.
struct NetHeader {
    std::uint8_t flags;
    std::uint8_t gso_type;
    std::uint16_t hdr_len;
    std::uint16_t gso_size;
    std::uint16_t csum_start;
    std::uint16_t csum_offset;
    std::uint16_t num_buffers;
};
static_assert(sizeof(NetHeader) == 12 && offsetof(NetHeader, num_buffers) == 10);

inline constexpr std::size_t kHeaderBytes = sizeof(NetHeader);
/// An Ethernet header, with one VLAN tag.
inline constexpr std::size_t kEthernetBytes = 18;
/// The largest frame with its header: an IP packet of 64 KiB.
inline constexpr std::size_t kMaxFrameBytes = kHeaderBytes + kEthernetBytes + 65535;

/// 5.1.6.5: commands of the control queue, class and command in this order.
inline constexpr std::uint8_t VIRTIO_NET_OK = 0;
inline constexpr std::uint8_t VIRTIO_NET_ERR = 1;

inline constexpr std::uint8_t VIRTIO_NET_CTRL_RX = 0;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_RX_PROMISC = 0;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_RX_ALLMULTI = 1;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_MAC = 1;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_MAC_TABLE_SET = 0;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_MAC_ADDR_SET = 1;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_VLAN = 2;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_VLAN_ADD = 0;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_VLAN_DEL = 1;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_ANNOUNCE = 3;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_ANNOUNCE_ACK = 0;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_MQ = 4;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET = 0;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_GUEST_OFFLOADS = 5;
inline constexpr std::uint8_t VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET = 0;

}  // namespace skiff::virtio::net
