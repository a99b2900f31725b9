// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "devices/host_side/console_host.h"
#include "devices/host_side/console_input.h"
#include "virtio/console/port_backend.h"

namespace skiff::machine {

/// The host's side of the guest's console as a port of a virtio console: hvc0. It gets the input in
/// place of the serial port; output of both goes there.
class ConsoleBackend final : public virtio::console::PortBackend, private devices::ConsoleInput {
  public:
    /// Who gets the input at first.
    enum class Input { kThis, kOther };

    /// `host` outlives it, but calls it no more after its finish().
    explicit ConsoleBackend(devices::ConsoleHost& host, Input input = Input::kThis)
        : host_(host), input_(input) {}

    /// The input comes here from now on. On the loop's thread.
    void take_input();

    void attach(virtio::console::PortEvents& events) override;
    std::size_t write(std::span<const std::uint8_t> bytes) override {
        return host_.output().offer(bytes);
    }
    void input_wanted() override { host_.input_wanted(); }
    bool connected() const override { return true; }
    bool has_window() const override { return host_.has_window(); }
    std::optional<virtio::console::PortWindow> window() const override;
    void emergency_write(std::uint8_t byte) override { host_.output().push_or_drop(byte); }
    bool deliver_until(std::chrono::steady_clock::time_point deadline) override {
        return host_.deliver_until(deadline);
    }

  private:
    // ConsoleInput
    std::size_t input_room() override { return events_->input_room(); }
    std::size_t receive(std::span<const std::uint8_t> bytes) override {
        return events_->input(bytes);
    }

    devices::ConsoleHost& host_;
    const Input input_;
    virtio::console::PortEvents* events_ = nullptr;
};

}  // namespace skiff::machine
