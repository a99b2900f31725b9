// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The console device (VIRTIO 1.2, 5.3), as its driver sees it.
namespace payload::virtio::console {

constexpr std::uint64_t kFeatureSize = 1 << 0;
constexpr std::uint64_t kFeatureMultiport = 1 << 1;
constexpr std::uint64_t kFeatureEmergencyWrite = 1 << 2;

/// 5.3.2.
constexpr std::uint16_t kReceiveQueue = 0;
constexpr std::uint16_t kTransmitQueue = 1;
constexpr std::uint16_t kControlReceiveQueue = 2;
constexpr std::uint16_t kControlTransmitQueue = 3;

/// 5.3.4.
constexpr std::uint64_t kColumns = 0;
constexpr std::uint64_t kRows = 2;
constexpr std::uint64_t kMaxPorts = 4;
constexpr std::uint64_t kEmergencyWrite = 8;

/// 5.3.6.2.
struct ControlMessage {
    std::uint32_t id;
    std::uint16_t event;
    std::uint16_t value;
};
enum Event : std::uint16_t {
    kDeviceReady = 0,
    kDeviceAdd = 1,
    kPortReady = 3,
    kConsolePort = 4,
    kResize = 5,
    kPortOpen = 6,
    kPortName = 7,
};

}  // namespace payload::virtio::console
