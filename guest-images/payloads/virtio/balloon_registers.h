// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The memory balloon's features, queues and configuration (VIRTIO 1.2, 5.5).
namespace payload::virtio::balloon {

/// Feature bits (5.5.3).
constexpr std::uint64_t kStatsQueue = 1ull << 1;
constexpr std::uint64_t kDeflateOnOom = 1ull << 2;
constexpr std::uint64_t kFreePageHint = 1ull << 3;
constexpr std::uint64_t kPagePoison = 1ull << 4;
constexpr std::uint64_t kReporting = 1ull << 5;

/// Queues, where all features are there (5.5.2).
enum QueueIndex : std::uint16_t { kInflate, kDeflate, kStats, kHints, kReports, kQueues };

/// Offsets in the configuration space (5.5.4); all 32 bits.
namespace config {
constexpr std::uint64_t kTargetPages = 0;
constexpr std::uint64_t kActualPages = 4;
constexpr std::uint64_t kHintCommand = 8;
constexpr std::uint64_t kPoisonValue = 12;
}  // namespace config

/// Commands of free page hints (5.5.6.5).
constexpr std::uint32_t kStop = 0;
constexpr std::uint32_t kDone = 1;

/// One statistic (5.5.6.3) and some tags (5.5.6.4).
constexpr std::uint32_t kStatisticSize = 10;
constexpr std::uint16_t kFreeMemory = 4;
constexpr std::uint16_t kTotalMemory = 5;

}  // namespace payload::virtio::balloon
