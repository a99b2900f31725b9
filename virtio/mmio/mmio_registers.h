// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The registers of a virtio device behind MMIO (VIRTIO 1.2, 4.2.2), with the specification's
/// names.
namespace skiff::virtio::mmio {

/// Bytes of one device's register window.
inline constexpr std::uint64_t kWindowBytes = 0x1000;

enum Register : std::uint32_t {
    kMagicValue = 0x000,         // R
    kVersion = 0x004,            // R
    kDeviceID = 0x008,           // R
    kVendorID = 0x00c,           // R
    kDeviceFeatures = 0x010,     // R
    kDeviceFeaturesSel = 0x014,  // W
    kDriverFeatures = 0x020,     // W
    kDriverFeaturesSel = 0x024,  // W
    kQueueSel = 0x030,           // W
    kQueueNumMax = 0x034,        // R
    kQueueNum = 0x038,           // W
    kQueueReady = 0x044,         // RW
    kQueueNotify = 0x050,        // W
    kInterruptStatus = 0x060,    // R
    kInterruptACK = 0x064,       // W
    kStatus = 0x070,             // RW
    kQueueDescLow = 0x080,       // W
    kQueueDescHigh = 0x084,      // W
    kQueueDriverLow = 0x090,     // W
    kQueueDriverHigh = 0x094,    // W
    kQueueDeviceLow = 0x0a0,     // W
    kQueueDeviceHigh = 0x0a4,    // W
    kSHMSel = 0x0ac,             // W
    kSHMLenLow = 0x0b0,          // R
    kSHMLenHigh = 0x0b4,         // R
    kSHMBaseLow = 0x0b8,         // R
    kSHMBaseHigh = 0x0bc,        // R
    kQueueReset = 0x0c0,         // RW
    kConfigGeneration = 0x0fc,   // R
    kConfig = 0x100,             // RW
};

inline constexpr std::uint32_t kMagic = 0x7472'6976;   // "virt"
inline constexpr std::uint32_t kTransportVersion = 2;  // 1 is the legacy interface
inline constexpr std::uint32_t kVendor = 0x4649'4b53;  // "SKIF"
inline constexpr std::uint32_t kNoSharedMemory =
    ~0U;  // 4.2.2, SHMLen of a region that is not there

/// InterruptStatus and InterruptACK.
inline constexpr std::uint32_t kUsedBufferNotification = 1 << 0;
inline constexpr std::uint32_t kConfigurationChangeNotification = 1 << 1;

}  // namespace skiff::virtio::mmio
