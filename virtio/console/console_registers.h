// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// The console device (VIRTIO 1.2, 5.3).
namespace skiff::virtio::console {

/// 5.3.3: feature bits.
inline constexpr std::uint64_t VIRTIO_CONSOLE_F_SIZE = 1 << 0;
inline constexpr std::uint64_t VIRTIO_CONSOLE_F_MULTIPORT = 1 << 1;
inline constexpr std::uint64_t VIRTIO_CONSOLE_F_EMERG_WRITE = 1 << 2;

/// 5.3.2: the queues. Port p > 0 has 2 + 2p and 3 + 2p.
enum Queue : std::size_t {
    kReceiveQueue = 0,
    kTransmitQueue = 1,
    kControlReceiveQueue = 2,
    kControlTransmitQueue = 3,
    kFirstQueueOfPort1 = 4,
};

/// 5.3.4: the configuration space.
struct Config {
    std::uint16_t cols;
    std::uint16_t rows;
    std::uint32_t max_nr_ports;
    std::uint32_t emerg_wr;  ///< The driver's: a character to print at once.
};
static_assert(sizeof(Config) == 12 && offsetof(Config, max_nr_ports) == 4 &&
              offsetof(Config, emerg_wr) == 8);

/// 5.3.6.2: a control message; name or size follow some.
struct ControlMessage {
    std::uint32_t id;  ///< The port's number.
    std::uint16_t event;
    std::uint16_t value;
};
static_assert(sizeof(ControlMessage) == 8);

/// What follows a RESIZE message.
struct ControlSize {
    std::uint16_t cols;
    std::uint16_t rows;
};
static_assert(sizeof(ControlSize) == 4);

/// 5.3.6.2: events.
inline constexpr std::uint16_t VIRTIO_CONSOLE_DEVICE_READY = 0;
inline constexpr std::uint16_t VIRTIO_CONSOLE_DEVICE_ADD = 1;
inline constexpr std::uint16_t VIRTIO_CONSOLE_DEVICE_REMOVE = 2;
inline constexpr std::uint16_t VIRTIO_CONSOLE_PORT_READY = 3;
inline constexpr std::uint16_t VIRTIO_CONSOLE_CONSOLE_PORT = 4;
inline constexpr std::uint16_t VIRTIO_CONSOLE_RESIZE = 5;
inline constexpr std::uint16_t VIRTIO_CONSOLE_PORT_OPEN = 6;
inline constexpr std::uint16_t VIRTIO_CONSOLE_PORT_NAME = 7;

}  // namespace skiff::virtio::console
