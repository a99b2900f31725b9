// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace skiff::virtio::console {

/// A console's size, in characters.
struct PortWindow {
    std::uint16_t columns = 0;
    std::uint16_t rows = 0;
    bool operator==(const PortWindow&) const = default;
};

/// What a backend tells its port. On the loop of the device, and not from within a call of the
/// backend's own methods.
class PortEvents {
  public:
    virtual ~PortEvents() = default;

    /// How much input is taken now; where it is none, PortBackend::input_wanted() is called when
    /// there is room.
    virtual std::size_t input_room() = 0;
    /// Takes the first bytes, as many as there is room for, and says how many.
    virtual std::size_t input(std::span<const std::uint8_t> bytes) = 0;
    /// PortBackend::write() may take more.
    virtual void output_room() = 0;
    /// PortBackend::connected() or input_is_left() is different now.
    virtual void connection_changed() = 0;
    /// PortBackend::window() is different now.
    virtual void window_changed() = 0;
};

/// The host's side of a port: whatever can take bytes and give some, such as the console of the
/// user, a file, a socket, or descriptors that somebody opened before.
///
/// On the loop of the device, and before and after it runs; emergency_write() on any thread. No
/// method waits, but for deliver_until(), and none calls PortEvents before it returns.
class PortBackend {
  public:
    virtual ~PortBackend() = default;

    /// Whom to tell, who outlives the backend's last event. Once, before anything else.
    virtual void attach(PortEvents& events) = 0;
    /// Takes the first bytes, as many as fit, and says how many; where not all do,
    /// PortEvents::output_room() comes.
    virtual std::size_t write(std::span<const std::uint8_t> bytes) = 0;
    /// There is room for input, again or at the start.
    virtual void input_wanted() = 0;

    /// Whether somebody is at the other end.
    virtual bool connected() const = 0;
    /// Nobody is, but he who was has sent what was not read yet.
    virtual bool input_is_left() const { return false; }

    /// Whether it is a terminal, or may become one, that has a window.
    virtual bool has_window() const { return false; }
    virtual std::optional<PortWindow> window() const { return std::nullopt; }

    /// A character of a driver that cannot use its queues: printed if that needs no waiting.
    virtual void emergency_write(std::uint8_t /*byte*/) {}

    /// At the end: waits until write() can take something, or never will, at most until the
    /// deadline. False where there is no sense in another write().
    virtual bool deliver_until(std::chrono::steady_clock::time_point deadline) = 0;
    /// How long deliver_until() may take in all, where `usual` is for most; those whose reader must
    /// get all of it have no limit.
    virtual std::chrono::steady_clock::time_point delivery_deadline(
        std::chrono::steady_clock::time_point usual) const {
        return usual;
    }
    /// Bytes that write() took and could not deliver.
    virtual std::uint64_t lost_bytes() const { return 0; }
};

}  // namespace skiff::virtio::console
