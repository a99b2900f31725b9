// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/event_counter.h"
#include "base/event_loop.h"
#include "virtio/console/console_port.h"
#include "virtio/console/console_registers.h"
#include "virtio/device.h"

namespace skiff::virtio::console {

class ControlReceiveQueue;

/// The console device (VIRTIO 1.2, 5.3): port 0, which may be the guest's console, and more ports
/// by names. All of its queues run on one loop, that of the backends.
class ConsoleDevice final : public Device {
  public:
    // Linux fills all receive queues with pages when it finds the device.
    static constexpr std::uint16_t kReceiveQueueSize = 32;
    static constexpr std::uint16_t kTransmitQueueSize = 128;
    static constexpr std::uint16_t kControlQueueSize = 16;
    /// Beside port 0.
    static constexpr std::size_t kMaxNamedPorts = 16;

    /// `console` is port 0; without a backend there is no console. `loop` is the one that the
    /// transport runs the queues on; it and `host` outlive the device.
    ConsoleDevice(PortOptions console, std::vector<PortOptions> named_ports, EventLoop& loop,
                  DeviceHost& host);

    DeviceType type() const override { return DeviceType::kConsole; }
    std::uint64_t offered_features() const override;
    std::span<const std::uint16_t> queue_max_sizes() const override { return queue_sizes_; }
    std::size_t config_bytes() const override { return sizeof(Config); }
    void read_config(std::uint64_t offset, std::span<std::uint8_t> data) override;
    void write_config(std::uint64_t offset, std::span<const std::uint8_t> data) override;
    std::unique_ptr<QueueHandler> start_queue(std::size_t index,
                                              const QueueContext& context) override;
    void reset() override;

    /// Begins to read the backends. Before the loop runs, or on its thread.
    void start();

    /// At the end, with the guest stopped and the loop ended: sends what the guest made available,
    /// and waits until the deadline for backends that are busy. How much could not be sent.
    std::uint64_t deliver_until(std::chrono::steady_clock::time_point deadline);

    const std::vector<std::unique_ptr<ConsolePort>>& ports() const { return ports_; }
    /// Control messages that made no sense.
    const EventCounter& ignored_messages() const { return ignored_messages_; }

    // For the ports and queues, on the loop.
    bool has_multiport() const { return has_multiport_; }
    /// Port 0's window.
    void set_window(std::optional<PortWindow> window);
    /// A port has a message for the driver.
    void messages_wait();
    ConsolePort* port_with_message();
    void set_control_receiver(ControlReceiveQueue* queue) { control_receiver_ = queue; }
    /// The driver sent this; nothing where it was too short to be a message.
    void take_message(const std::optional<ControlMessage>& message);

  private:
    void begin_session();

    EventLoop& loop_;
    DeviceHost& host_;
    PortWindow window_;  // changed by change_config() only
    std::vector<std::unique_ptr<ConsolePort>> ports_;
    std::vector<std::uint16_t> queue_sizes_;
    ControlReceiveQueue* control_receiver_ = nullptr;
    bool has_multiport_ = false;
    EventCounter ignored_messages_;
    std::shared_ptr<ConsoleDevice*> self_;  // for tasks that may run after us
};

}  // namespace skiff::virtio::console
