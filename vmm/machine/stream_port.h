// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "devices/host_side/host_stdio.h"
#include "virtio/console/port_backend.h"

namespace skiff::machine {

/// One standard stream of a command in the guest, as a named port: a descriptor of ours at its
/// other end. Its reader gets all of it, however slow he is; when he has gone, the guest sees the
/// port closed. The end of the input is the port closed, too.
class StreamPort final : public virtio::console::PortBackend, private devices::HostSideEvents {
  public:
    struct Options {
        std::string name;  ///< For messages: "standard input".
        int input_fd = -1;
        int output_fd = -1;
    };

    /// `loop` outlives it; the descriptors stay the caller's.
    StreamPort(EventLoop& loop, Options options);

    /// Begins to read: whoever reads in the guest is there. On the loop's thread.
    void begin();
    /// The command has ended, so what it has written is to be delivered whatever it takes. Any
    /// thread.
    void be_patient() { patient_.store(true, std::memory_order_relaxed); }

    void attach(virtio::console::PortEvents& events) override { events_ = &events; }
    std::size_t write(std::span<const std::uint8_t> bytes) override;
    void input_wanted() override;
    bool connected() const override { return connected_; }
    bool deliver_until(std::chrono::steady_clock::time_point deadline) override;
    std::chrono::steady_clock::time_point delivery_deadline(
        std::chrono::steady_clock::time_point usual) const override;
    std::uint64_t lost_bytes() const override { return reader_left_ ? 0 : side_.lost_bytes(); }

  private:
    // HostSideEvents
    std::size_t input_room() override { return events_->input_room(); }
    void input(std::span<const std::uint8_t> bytes) override { events_->input(bytes); }
    void input_ended(devices::InputEnd end) override;
    bool drain_output() override;
    void attached(bool /*is_attached*/) override {}
    void output_ended(devices::OutputEnd end, const std::string& reason) override;
    void wake() override { post(&StreamPort::on_wake); }

    void on_wake() { side_.on_wake(); }
    void watch_input();
    void post(void (StreamPort::*task)());
    void disconnect();

    EventLoop& loop_;
    const std::string name_;
    virtio::console::PortEvents* events_ = nullptr;
    bool begun_ = false;
    bool connected_ = true;
    bool reader_left_ = false;
    std::atomic<bool> patient_{false};
    devices::HostStdio side_;
    std::shared_ptr<StreamPort*> self_;  // for tasks that may run after us
};

}  // namespace skiff::machine
