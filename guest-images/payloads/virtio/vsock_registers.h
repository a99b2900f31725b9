// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The socket device (VIRTIO 1.2, 5.10), as its driver knows it.
namespace payload::virtio::vsock {

constexpr std::uint64_t kHostCid = 2;
constexpr std::uint16_t kStream = 1;

constexpr std::uint16_t kRequest = 1;
constexpr std::uint16_t kResponse = 2;
constexpr std::uint16_t kRst = 3;
constexpr std::uint16_t kShutdown = 4;
constexpr std::uint16_t kRw = 5;
constexpr std::uint16_t kCreditUpdate = 6;
constexpr std::uint16_t kCreditRequest = 7;

constexpr std::uint32_t kShutReceive = 1;
constexpr std::uint32_t kShutSend = 2;
constexpr std::uint32_t kShutBoth = 3;

/// 5.10.6
struct Header {
    std::uint64_t src_cid, dst_cid;
    std::uint32_t src_port, dst_port;
    std::uint32_t len;
    std::uint16_t type, op;
    std::uint32_t flags;
    std::uint32_t buf_alloc, fwd_cnt;
} __attribute__((packed));
static_assert(sizeof(Header) == 44);

}  // namespace payload::virtio::vsock
