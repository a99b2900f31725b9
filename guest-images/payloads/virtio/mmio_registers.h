// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The MMIO transport's registers and bits, named as in VIRTIO 1.2.
namespace payload::virtio {

/// Offsets from the start of a device's window (4.2.2, table 4.1).
enum Register : std::uint64_t {
    kMagicValue = 0x000,
    kVersion = 0x004,
    kDeviceId = 0x008,
    kVendorId = 0x00c,
    kDeviceFeatures = 0x010,
    kDeviceFeaturesSel = 0x014,
    kDriverFeatures = 0x020,
    kDriverFeaturesSel = 0x024,
    kQueueSel = 0x030,
    kQueueSizeMax = 0x034,
    kQueueSize = 0x038,
    kQueueReady = 0x044,
    kQueueNotify = 0x050,
    kInterruptStatus = 0x060,
    kInterruptAck = 0x064,
    kStatus = 0x070,
    kQueueDescLow = 0x080,
    kQueueDescHigh = 0x084,
    kQueueDriverLow = 0x090,
    kQueueDriverHigh = 0x094,
    kQueueDeviceLow = 0x0a0,
    kQueueDeviceHigh = 0x0a4,
    kShmSel = 0x0ac,
    kShmLenLow = 0x0b0,
    kShmLenHigh = 0x0b4,
    kShmBaseLow = 0x0b8,
    kShmBaseHigh = 0x0bc,
    kQueueReset = 0x0c0,
    kConfigGeneration = 0x0fc,
    kConfig = 0x100,
};

constexpr std::uint32_t kMagic = 0x74726976;  // "virt"
constexpr std::uint32_t kModernVersion = 2;

/// InterruptStatus (4.2.2, table 4.1).
constexpr std::uint32_t kUsedBufferNotification = 1 << 0;
constexpr std::uint32_t kConfigurationChangeNotification = 1 << 1;

/// Device status (2.1).
constexpr std::uint8_t kAcknowledge = 1;
constexpr std::uint8_t kDriver = 2;
constexpr std::uint8_t kDriverOk = 4;
constexpr std::uint8_t kFeaturesOk = 8;
constexpr std::uint8_t kDeviceNeedsReset = 64;
constexpr std::uint8_t kFailed = 128;

/// Feature bits that are no one device's (6).
constexpr std::uint64_t kFeatureIndirect = 1ull << 28;
constexpr std::uint64_t kFeatureEventIdx = 1ull << 29;
constexpr std::uint64_t kFeatureVersion1 = 1ull << 32;
constexpr std::uint64_t kFeatureRingPacked = 1ull << 34;
constexpr std::uint64_t kFeatureRingReset = 1ull << 40;

/// Device IDs (5).
constexpr std::uint32_t kNoDevice = 0;
constexpr std::uint32_t kNetworkDevice = 1;
constexpr std::uint32_t kBlockDevice = 2;
constexpr std::uint32_t kConsoleDevice = 3;
constexpr std::uint32_t kEntropyDevice = 4;
constexpr std::uint32_t kSocketDevice = 19;
constexpr std::uint32_t kBalloonDevice = 5;

}  // namespace payload::virtio
