// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/event_counter.h"
#include "virtio/console/console_registers.h"
#include "virtio/console/port_backend.h"
#include "virtio/queue/descriptor_chain.h"

namespace skiff::virtio::console {

class ConsoleDevice;
class PortQueue;

/// What a port is. Without a backend it has queues and nothing else (port 0 of a device that is no
/// console, 5.3.2).
struct PortOptions {
    std::string name;         ///< In /dev/virtio-ports; the console has none.
    bool is_console = false;  ///< The guest is to make a terminal of it: hvc0.
    std::unique_ptr<PortBackend> backend;
};

/// What a port has done since it was made.
struct PortCounters {
    EventCounter bytes_out;  ///< From the guest.
    EventCounter bytes_in;   ///< To the guest.
};

/// One port of a console device: its input that waits for the guest, what the driver has said of
/// it, and the control messages that the driver is to get. Messages are not queued but made from
/// the port's state when the driver has room for one, so that no driver can make them many.
///
/// On the loop of the device.
class ConsolePort final : public PortEvents {
  public:
    /// What waits for a guest that does not read; behind it, the host's side is not read.
    static constexpr std::size_t kInputBytes = 16 * 1024;

    ConsolePort(ConsoleDevice& device, std::uint32_t id, PortOptions options);

    std::uint32_t id() const { return id_; }
    const std::string& name() const { return options_.name; }
    bool exists() const { return options_.backend != nullptr; }
    PortBackend& backend() { return *options_.backend; }
    const PortBackend& backend() const { return *options_.backend; }
    const PortCounters& counters() const { return counters_; }
    PortCounters& counters() { return counters_; }

    // PortEvents
    std::size_t input_room() override;
    std::size_t input(std::span<const std::uint8_t> bytes) override;
    void output_room() override;
    void connection_changed() override;
    void window_changed() override;

    /// The driver begins anew.
    void begin_session();
    /// DEVICE_READY: the driver is to be told of the port, once.
    void announce();
    /// PORT_READY: the driver is to be told what the port is.
    void describe();
    /// PORT_OPEN of the driver.
    void set_open_in_guest(bool is_open);

    /// The message that the driver gets next.
    std::optional<std::vector<std::uint8_t>> next_message() const;
    void message_was_sent();

    // For the port's queues.
    void set_receiver(PortQueue* queue) { receiver_ = queue; }
    void set_sender(PortQueue* queue) { sender_ = queue; }
    PortQueue* sender() { return sender_; }
    /// Takes as much of the output as the backend does.
    std::size_t output(std::span<const std::uint8_t> bytes);
    /// Whether there is input, and a reader for it in the guest.
    bool has_input_for_guest() const;
    /// Fills the chain; how many bytes it were.
    std::uint32_t give_input(DescriptorChain& chain);
    /// After give_input(), with the queue served.
    void input_was_given();

  private:
    enum Pending : unsigned {  // in the order in which a driver can use them
        kAdd = 1,
        kConsole = 2,
        kName = 4,
        kResize = 8,
        kOpen = 16,
    };

    void send(unsigned messages);
    bool looks_connected() const;
    void update_connection();

    ConsoleDevice& device_;
    const std::uint32_t id_;
    PortOptions options_;
    PortCounters counters_;
    PortQueue* receiver_ = nullptr;
    PortQueue* sender_ = nullptr;

    std::array<std::uint8_t, kInputBytes> input_{};
    std::size_t input_head_ = 0;
    std::size_t input_count_ = 0;
    bool input_refused_ = false;  // the backend saw no room

    // The driver's session:
    bool added_ = false;
    bool ready_ = false;
    bool open_in_guest_ = false;
    bool shown_connected_ = false;
    unsigned pending_ = 0;
};

}  // namespace skiff::virtio::console
