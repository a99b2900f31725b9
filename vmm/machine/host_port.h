// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "devices/host_side/host_side.h"
#include "virtio/console/port_backend.h"
#include "vmm/machine/port_config.h"

namespace skiff::machine {

/// A named port's host side: a file, FIFOs or a listening socket. Nothing is kept here: what the
/// other end does not take stays with the guest.
class HostPort final : public virtio::console::PortBackend, private devices::HostSideEvents {
  public:
    /// Opens what the configuration names. `loop` outlives it.
    static Result<std::unique_ptr<HostPort>> open(EventLoop& loop, const PortConfig& config);
    ~HostPort() override;

    void attach(virtio::console::PortEvents& events) override { events_ = &events; }
    std::size_t write(std::span<const std::uint8_t> bytes) override;
    void input_wanted() override;
    bool connected() const override { return connected_; }
    bool input_is_left() const override { return side_->input_is_left(); }
    bool deliver_until(std::chrono::steady_clock::time_point deadline) override;
    std::uint64_t lost_bytes() const override { return side_->lost_bytes(); }

  private:
    HostPort(EventLoop& loop, std::string name);
    Result<void> open_side(const PortConfig& config);
    void post(void (HostPort::*task)());

    // HostSideEvents
    std::size_t input_room() override { return events_->input_room(); }
    void input(std::span<const std::uint8_t> bytes) override { events_->input(bytes); }
    void input_ended(devices::InputEnd /*end*/) override {}
    bool drain_output() override;
    void attached(bool is_attached) override;
    void output_ended(devices::OutputEnd end, const std::string& reason) override;
    void wake() override { post(&HostPort::on_wake); }
    void on_wake() { side_->on_wake(); }
    void watch_input() { side_->watch_input(); }

    EventLoop& loop_;
    const std::string name_;
    virtio::console::PortEvents* events_ = nullptr;
    std::unique_ptr<devices::HostSide> side_;
    bool connected_ = true;
    std::shared_ptr<HostPort*> self_;  // for tasks that may run after us
};

}  // namespace skiff::machine
