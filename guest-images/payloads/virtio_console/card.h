// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/console.h"
#include "virtio/console_registers.h"
#include "virtio/queue.h"

namespace payload::virtio_console {

/// A console device in the driver's hands, with the queues of ports 0 and 1.
class Card {
  public:
    static constexpr std::uint32_t kBufferSize = 2048;
    static constexpr std::uint16_t kQueues = 6;

    bool find();
    /// From reset to DRIVER_OK. With MULTIPORT there are six queues, else two.
    bool bring_up(std::uint64_t features);

    const virtio::Device& device() const { return device_; }
    virtio::Queue& queue(std::uint16_t index) { return queues_[index]; }
    bool has_multiport() const { return device_.has(virtio::console::kFeatureMultiport); }

    /// Sends what lies at `address`, and comes back when the device has used it, however long that
    /// takes.
    bool send(std::uint16_t queue, std::uint64_t address, std::uint32_t size);
    bool send(std::uint16_t queue, Text text);
    bool send_control(std::uint32_t id, std::uint16_t event, std::uint16_t value);

    /// Gives the receive queue one buffer, if it has none.
    void offer_buffer(std::uint16_t queue);
    /// What the device has put into it; nothing (a size of 0) where it is still waiting.
    Text poll(std::uint16_t queue);

  private:
    std::uint64_t buffer_of(std::uint16_t queue) const { return pages_ + queue * kBufferSize; }

    virtio::Device device_;
    virtio::Queue queues_[kQueues];
    bool is_offered_[kQueues] = {};
    std::uint64_t pages_ = 0;
};

/// Numbered lines of 64 bytes, as the payload serial_output sends them, through port 0.
std::uint8_t test_output(Card& card);
/// Sends back what comes on port 0 until a byte 0x04.
std::uint8_t test_echo(Card& card);
/// Says which ports there are and what happens to them; sends back what comes on port 1.
std::uint8_t test_ports(Card& card);
/// Breaks the rules of the device's own protocol.
std::uint8_t test_malicious(Card& card);

}  // namespace payload::virtio_console
