// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <span>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "devices/host_side/host_side.h"
#include "devices/host_side/host_stream.h"

namespace skiff::devices {

/// A host side whose reader comes and goes, one at a time. While nobody is there, output stays in
/// the output buffer, whose oldest bytes make room for new ones: who comes later sees the last
/// part, and the guest never waits for nobody.
class HostClients : public HostSide {
  public:
    HostClients(EventLoop& loop, HostSideEvents& events);

    std::size_t write(std::span<const std::uint8_t> bytes) override;
    void watch_output() override;
    void watch_input() override;
    void on_wake() override;
    bool wait_for_output(int timeout_ms) override;
    std::uint64_t lost_bytes() const override { return 0; }
    bool input_is_left() const override { return is_leaving(); }

  protected:
    /// A client is there; its two ends may be one file. They have O_NONBLOCK.
    void attach(UniqueFd input, UniqueFd output);
    void detach();
    bool is_attached() const { return client_ != nullptr; }
    /// Attached, but not there to read any more: only the rest of its input is.
    bool is_leaving() const { return client_ && client_->output_gone(); }

    /// The client that was attached is gone. On the loop's thread.
    virtual void on_detached() = 0;

    EventLoop& loop() { return loop_; }

  private:
    EventLoop& loop_;
    HostSideEvents& events_;

    std::mutex mutex_;  // guards that client_ changes; the loop's thread reads it without
    std::unique_ptr<HostStream> client_;
};

}  // namespace skiff::devices
