// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The traditional memory balloon (VIRTIO 1.2, 5.5).
namespace skiff::virtio::balloon {

/// 5.5.3: feature bits.
inline constexpr std::uint64_t VIRTIO_BALLOON_F_MUST_TELL_HOST = 1 << 0;
inline constexpr std::uint64_t VIRTIO_BALLOON_F_STATS_VQ = 1 << 1;
inline constexpr std::uint64_t VIRTIO_BALLOON_F_DEFLATE_ON_OOM = 1 << 2;
inline constexpr std::uint64_t VIRTIO_BALLOON_F_FREE_PAGE_HINT = 1 << 3;
inline constexpr std::uint64_t VIRTIO_BALLOON_F_PAGE_POISON = 1 << 4;
inline constexpr std::uint64_t VIRTIO_BALLOON_F_PAGE_REPORTING = 1 << 5;

/// 5.5.2: the queues, if all features that bring one are offered. Drivers number those that are
/// there without gaps (Linux), or by this table (the specification).
enum Queue : std::size_t {
    kInflateQueue = 0,
    kDeflateQueue = 1,
    kStatsQueue = 2,
    kFreePageQueue = 3,
    kReportingQueue = 4,
};

/// 5.5.6: a page's number is its address divided by this, whatever the guest's page size.
inline constexpr std::uint64_t kPageBytes = 4096;

/// 5.5.4: the configuration space.
struct Config {
    std::uint32_t num_pages;              ///< How large the balloon is to be. The device's.
    std::uint32_t actual;                 ///< How large it is. The driver's.
    std::uint32_t free_page_hint_cmd_id;  ///< The device's.
    std::uint32_t poison_val;             ///< The driver's.
};
static_assert(sizeof(Config) == 16 && offsetof(Config, actual) == 4 &&
              offsetof(Config, poison_val) == 12);

/// 5.5.6.5: command ids of free page hinting. From the third on, each begins a run of hints.
inline constexpr std::uint32_t VIRTIO_BALLOON_CMD_ID_STOP = 0;
inline constexpr std::uint32_t VIRTIO_BALLOON_CMD_ID_DONE = 1;

/// 5.5.6.3: one statistic, as it lies in the buffer.
struct [[gnu::packed]] Stat {
    std::uint16_t tag;
    std::uint64_t val;
};
static_assert(sizeof(Stat) == 10);

/// 5.5.6.4: the tags, from SWAP_IN (0) to HTLB_PGFAIL (9).
inline constexpr std::size_t kStatTags = 10;

}  // namespace skiff::virtio::balloon
