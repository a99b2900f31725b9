// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The split virtqueue as it lies in guest memory (VIRTIO 1.2, 2.7). Everything is little-endian,
/// as are the machines that skiff runs on.
namespace skiff::virtio {

/// 2.7.5: one entry of the descriptor table, and of an indirect table.
struct Descriptor {
    std::uint64_t addr;
    std::uint32_t len;
    std::uint16_t flags;
    std::uint16_t next;
};
static_assert(sizeof(Descriptor) == 16);
static_assert(offsetof(Descriptor, len) == 8 && offsetof(Descriptor, next) == 14);

inline constexpr std::uint16_t VIRTQ_DESC_F_NEXT = 1;
inline constexpr std::uint16_t VIRTQ_DESC_F_WRITE = 2;
inline constexpr std::uint16_t VIRTQ_DESC_F_INDIRECT = 4;

/// 2.7.6: flags (u16), idx (u16), ring (u16 each), used_event (u16).
inline constexpr std::uint16_t VIRTQ_AVAIL_F_NO_INTERRUPT = 1;
inline constexpr std::size_t kRingFlagsOffset = 0;
inline constexpr std::size_t kRingIdxOffset = 2;
inline constexpr std::size_t kRingEntriesOffset = 4;

/// 2.7.8: flags (u16), idx (u16), ring (id u32 and len u32 each), avail_event (u16).
inline constexpr std::uint16_t VIRTQ_USED_F_NO_NOTIFY = 1;
inline constexpr std::size_t kUsedElementBytes = 8;

/// 2.7: the alignment that each part must have, and its size for a queue of `size` entries.
inline constexpr std::uint64_t kDescriptorTableAlignment = 16;
inline constexpr std::uint64_t kAvailRingAlignment = 2;
inline constexpr std::uint64_t kUsedRingAlignment = 4;

constexpr std::uint64_t descriptor_table_bytes(std::uint16_t size) {
    return sizeof(Descriptor) * std::uint64_t{size};
}
constexpr std::uint64_t avail_ring_bytes(std::uint16_t size) {
    return kRingEntriesOffset + 2 * std::uint64_t{size} + 2;
}
constexpr std::uint64_t used_ring_bytes(std::uint16_t size) {
    return kRingEntriesOffset + kUsedElementBytes * std::uint64_t{size} + 2;
}

}  // namespace skiff::virtio
