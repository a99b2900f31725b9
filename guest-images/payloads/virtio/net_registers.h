// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The network device's features, configuration, header and commands (VIRTIO 1.2, 5.1).
namespace payload::virtio::net {

/// Feature bits (5.1.3).
constexpr std::uint64_t kCsum = 1ull << 0;
constexpr std::uint64_t kGuestCsum = 1ull << 1;
constexpr std::uint64_t kCtrlGuestOffloads = 1ull << 2;
constexpr std::uint64_t kMtu = 1ull << 3;
constexpr std::uint64_t kMac = 1ull << 5;
constexpr std::uint64_t kGuestTso4 = 1ull << 7;
constexpr std::uint64_t kGuestTso6 = 1ull << 8;
constexpr std::uint64_t kGuestEcn = 1ull << 9;
constexpr std::uint64_t kGuestUfo = 1ull << 10;
constexpr std::uint64_t kHostTso4 = 1ull << 11;
constexpr std::uint64_t kHostTso6 = 1ull << 12;
constexpr std::uint64_t kHostEcn = 1ull << 13;
constexpr std::uint64_t kHostUfo = 1ull << 14;
constexpr std::uint64_t kMergeableBuffers = 1ull << 15;
constexpr std::uint64_t kStatus = 1ull << 16;
constexpr std::uint64_t kCtrlQueue = 1ull << 17;
constexpr std::uint64_t kCtrlRx = 1ull << 18;
constexpr std::uint64_t kCtrlVlan = 1ull << 19;
constexpr std::uint64_t kGuestAnnounce = 1ull << 21;
constexpr std::uint64_t kMultiQueue = 1ull << 22;
constexpr std::uint64_t kCtrlMacAddress = 1ull << 23;
constexpr std::uint64_t kGuestUso4 = 1ull << 54;
constexpr std::uint64_t kGuestUso6 = 1ull << 55;
constexpr std::uint64_t kHostUso = 1ull << 56;

/// Offsets in the configuration space (5.1.4).
namespace config {
constexpr std::uint64_t kMac = 0;            // 6 bytes
constexpr std::uint64_t kStatus = 6;         // 16 bits
constexpr std::uint64_t kMaxQueuePairs = 8;  // 16
constexpr std::uint64_t kMtu = 10;           // 16
}  // namespace config

/// What stands before each frame (5.1.6), as it is from VERSION_1 on.
struct Header {
    std::uint8_t flags = 0;
    std::uint8_t gso_type = 0;
    std::uint16_t hdr_len = 0;
    std::uint16_t gso_size = 0;
    std::uint16_t csum_start = 0;
    std::uint16_t csum_offset = 0;
    std::uint16_t num_buffers = 0;
};
constexpr std::uint32_t kHeaderSize = 12;
static_assert(sizeof(Header) == kHeaderSize);

constexpr std::uint8_t kNeedsCsum = 1;
constexpr std::uint8_t kDataValid = 2;
constexpr std::uint8_t kGsoTcp4 = 1;
constexpr std::uint8_t kGsoUdp = 3;
constexpr std::uint8_t kGsoTcp6 = 4;
constexpr std::uint8_t kGsoUdpSegments = 5;
constexpr std::uint8_t kGsoEcn = 0x80;

/// Commands of the control queue (5.1.6.5), class and command, and its answers.
constexpr std::uint8_t kClassRx = 0;
constexpr std::uint8_t kClassMac = 1;
constexpr std::uint8_t kClassVlan = 2;
constexpr std::uint8_t kClassAnnounce = 3;
constexpr std::uint8_t kClassQueues = 4;
constexpr std::uint8_t kSetQueuePairs = 0;
constexpr std::uint8_t kClassOffloads = 5;
constexpr std::uint8_t kAckOk = 0;
constexpr std::uint8_t kAckError = 1;

}  // namespace payload::virtio::net
