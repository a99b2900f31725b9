// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The block device as the driver sees it (VIRTIO 1.2, 5.2). Everything is little-endian.
namespace skiff::virtio::block {

/// 5.2.3: feature bits.
inline constexpr std::uint64_t VIRTIO_BLK_F_SEG_MAX = 1ULL << 2;
inline constexpr std::uint64_t VIRTIO_BLK_F_RO = 1ULL << 5;
inline constexpr std::uint64_t VIRTIO_BLK_F_BLK_SIZE = 1ULL << 6;
inline constexpr std::uint64_t VIRTIO_BLK_F_FLUSH = 1ULL << 9;
inline constexpr std::uint64_t VIRTIO_BLK_F_TOPOLOGY = 1ULL << 10;
inline constexpr std::uint64_t VIRTIO_BLK_F_CONFIG_WCE = 1ULL << 11;
inline constexpr std::uint64_t VIRTIO_BLK_F_MQ = 1ULL << 12;
inline constexpr std::uint64_t VIRTIO_BLK_F_DISCARD = 1ULL << 13;
inline constexpr std::uint64_t VIRTIO_BLK_F_WRITE_ZEROES = 1ULL << 14;

/// 5.2.4: the configuration space, as far as our features go.
struct BlockConfig {
    std::uint64_t capacity;  ///< In sectors of 512 bytes, as every "sectors" here.
    std::uint32_t size_max;
    std::uint32_t seg_max;
    std::uint16_t geometry_cylinders;
    std::uint8_t geometry_heads;
    std::uint8_t geometry_sectors;
    std::uint32_t blk_size;           ///< Bytes.
    std::uint8_t physical_block_exp;  ///< Logical blocks in a physical one, as a power of two.
    std::uint8_t alignment_offset;    ///< In logical blocks, as the two below.
    std::uint16_t min_io_size;
    std::uint32_t opt_io_size;
    std::uint8_t writeback;
    std::uint8_t unused0;
    std::uint16_t num_queues;
    std::uint32_t max_discard_sectors;
    std::uint32_t max_discard_seg;
    std::uint32_t discard_sector_alignment;
    std::uint32_t max_write_zeroes_sectors;
    std::uint32_t max_write_zeroes_seg;
    std::uint8_t write_zeroes_may_unmap;
    std::uint8_t unused1[3];
};
static_assert(offsetof(BlockConfig, blk_size) == 20);
static_assert(offsetof(BlockConfig, writeback) == 32);
static_assert(offsetof(BlockConfig, num_queues) == 34);
static_assert(offsetof(BlockConfig, write_zeroes_may_unmap) == 56);

/// What of it the driver sees: the C++ struct is padded to a multiple of eight bytes.
inline constexpr std::size_t kBlockConfigBytes = offsetof(BlockConfig, unused1) + 3;
static_assert(kBlockConfigBytes == 60);

/// 5.2.6: how each request begins.
struct RequestHeader {
    std::uint32_t type;
    std::uint32_t reserved;
    std::uint64_t sector;
};
static_assert(sizeof(RequestHeader) == 16 && offsetof(RequestHeader, sector) == 8);

inline constexpr std::uint32_t VIRTIO_BLK_T_IN = 0;
inline constexpr std::uint32_t VIRTIO_BLK_T_OUT = 1;
inline constexpr std::uint32_t VIRTIO_BLK_T_FLUSH = 4;
inline constexpr std::uint32_t VIRTIO_BLK_T_GET_ID = 8;
inline constexpr std::uint32_t VIRTIO_BLK_T_DISCARD = 11;
inline constexpr std::uint32_t VIRTIO_BLK_T_WRITE_ZEROES = 13;

/// 5.2.6: one range of a DISCARD or WRITE_ZEROES request.
struct RangeSegment {
    std::uint64_t sector;
    std::uint32_t num_sectors;
    std::uint32_t flags;
};
static_assert(sizeof(RangeSegment) == 16 && offsetof(RangeSegment, flags) == 12);

inline constexpr std::uint32_t VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP = 1;

/// 5.2.6: the last byte of each request.
inline constexpr std::uint8_t VIRTIO_BLK_S_OK = 0;
inline constexpr std::uint8_t VIRTIO_BLK_S_IOERR = 1;
inline constexpr std::uint8_t VIRTIO_BLK_S_UNSUPP = 2;

/// The length of the device ID string (5.2.6).
inline constexpr std::size_t kDeviceIdBytes = 20;

}  // namespace skiff::virtio::block
