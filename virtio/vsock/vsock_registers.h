// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The wire of the socket device: VIRTIO 1.2, 5.10.
namespace skiff::virtio::vsock {

/// 5.10.3
inline constexpr std::uint64_t VIRTIO_VSOCK_F_STREAM = 1ULL << 0;

/// 5.10.2
inline constexpr std::size_t kRxQueue = 0;
inline constexpr std::size_t kTxQueue = 1;
inline constexpr std::size_t kEventQueue = 2;

/// 5.10.4
inline constexpr std::uint64_t kHostCid = 2;

/// 5.10.4
struct Config {
    std::uint64_t guest_cid;
};
static_assert(sizeof(Config) == 8);

/// 5.10.6.1
enum class SocketType : std::uint16_t {
    kStream = 1,
    kSeqpacket = 2,
};

/// 5.10.6
enum class Op : std::uint16_t {
    kInvalid = 0,
    kRequest = 1,
    kResponse = 2,
    kRst = 3,
    kShutdown = 4,
    kRw = 5,
    kCreditUpdate = 6,
    kCreditRequest = 7,
};

/// 5.10.6.4: flags of Op::kShutdown. What was said stays said.
inline constexpr std::uint32_t VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE = 1U << 0;
inline constexpr std::uint32_t VIRTIO_VSOCK_SHUTDOWN_F_SEND = 1U << 1;
inline constexpr std::uint32_t kShutdownBoth =
    VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE | VIRTIO_VSOCK_SHUTDOWN_F_SEND;

/// 5.10.6: before each packet's payload. `type` and `op` are integers, because a driver can write
/// any value.
struct [[gnu::packed]] PacketHeader {
    std::uint64_t src_cid;
    std::uint64_t dst_cid;
    std::uint32_t src_port;
    std::uint32_t dst_port;
    std::uint32_t len;
    std::uint16_t type;
    std::uint16_t op;
    std::uint32_t flags;
    std::uint32_t buf_alloc;
    std::uint32_t fwd_cnt;
};
static_assert(sizeof(PacketHeader) == 44);
static_assert(offsetof(PacketHeader, len) == 24);
static_assert(offsetof(PacketHeader, op) == 30);
static_assert(offsetof(PacketHeader, fwd_cnt) == 40);

/// 5.10.6.7
inline constexpr std::uint32_t VIRTIO_VSOCK_EVENT_TRANSPORT_RESET = 0;

struct Event {
    std::uint32_t id;
};
static_assert(sizeof(Event) == 4);

}  // namespace skiff::virtio::vsock
