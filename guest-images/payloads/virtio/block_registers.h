// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The block device's features, configuration and requests (VIRTIO 1.2, 5.2).
namespace payload::virtio::block {

constexpr std::uint64_t kSectorSize = 512;

/// Feature bits (5.2.3).
constexpr std::uint64_t kSizeMax = 1ull << 1;
constexpr std::uint64_t kSegMax = 1ull << 2;
constexpr std::uint64_t kGeometry = 1ull << 4;
constexpr std::uint64_t kReadOnly = 1ull << 5;
constexpr std::uint64_t kBlockSize = 1ull << 6;
constexpr std::uint64_t kFlush = 1ull << 9;
constexpr std::uint64_t kTopology = 1ull << 10;
constexpr std::uint64_t kConfigWce = 1ull << 11;
constexpr std::uint64_t kMultiQueue = 1ull << 12;
constexpr std::uint64_t kDiscard = 1ull << 13;
constexpr std::uint64_t kWriteZeroes = 1ull << 14;

/// Offsets in the configuration space (5.2.4).
namespace config {
constexpr std::uint64_t kCapacity = 0;                // 64 bits
constexpr std::uint64_t kSizeMax = 8;                 // 32
constexpr std::uint64_t kSegMax = 12;                 // 32
constexpr std::uint64_t kBlockSize = 20;              // 32
constexpr std::uint64_t kPhysicalBlockExp = 24;       // 8
constexpr std::uint64_t kAlignmentOffset = 25;        // 8
constexpr std::uint64_t kMinIoSize = 26;              // 16
constexpr std::uint64_t kOptIoSize = 28;              // 32
constexpr std::uint64_t kWriteback = 32;              // 8
constexpr std::uint64_t kNumQueues = 34;              // 16
constexpr std::uint64_t kMaxDiscardSectors = 36;      // 32
constexpr std::uint64_t kMaxDiscardSeg = 40;          // 32
constexpr std::uint64_t kDiscardAlignment = 44;       // 32
constexpr std::uint64_t kMaxWriteZeroesSectors = 48;  // 32
constexpr std::uint64_t kMaxWriteZeroesSeg = 52;      // 32
constexpr std::uint64_t kWriteZeroesMayUnmap = 56;    // 8
}  // namespace config

/// Request types and status bytes (5.2.6).
enum Type : std::uint32_t {
    kIn = 0,
    kOut = 1,
    kFlushCache = 4,
    kGetId = 8,
    kDiscardSectors = 11,
    kWriteZeroSectors = 13,
};
constexpr std::uint8_t kStatusOk = 0;
constexpr std::uint8_t kStatusIoError = 1;
constexpr std::uint8_t kStatusUnsupported = 2;

constexpr std::uint32_t kIdSize = 20;

/// What a request begins with (struct virtio_blk_req).
struct RequestHeader {
    std::uint32_t type;
    std::uint32_t reserved;
    std::uint64_t sector;
};
static_assert(sizeof(RequestHeader) == 16);

/// struct virtio_blk_discard_write_zeroes.
struct Range {
    std::uint64_t sector;
    std::uint32_t sector_count;
    std::uint32_t flags;
};
static_assert(sizeof(Range) == 16);
constexpr std::uint32_t kUnmap = 1;

}  // namespace payload::virtio::block
