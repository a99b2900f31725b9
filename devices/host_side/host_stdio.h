// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "devices/host_side/host_side.h"
#include "devices/host_side/host_stream.h"

namespace skiff::devices {

/// The process's standard input and output, or two other descriptors that exist already.
///
/// When the reader of standard output goes away, this is reported once, and what follows is
/// dropped and counted. End of input is reported once, and input is not looked at again.
class HostStdio final : public HostSide {
  public:
    /// `input_fd` and `output_fd` stay the caller's; -1: there is none. `may_read` as in
    /// HostStream::Options.
    HostStdio(EventLoop& loop, HostSideEvents& events, int input_fd, int output_fd,
              std::function<bool()> may_read);

    std::size_t write(std::span<const std::uint8_t> bytes) override;
    void watch_output() override { stream_.watch_output(); }
    void watch_input() override { stream_.watch_input(); }
    void on_wake() override { stream_.report_output_error(); }
    bool wait_for_output(int timeout_ms) override { return stream_.wait_for_output(timeout_ms); }
    std::uint64_t lost_bytes() const override { return stream_.lost_bytes(); }

  private:
    HostSideEvents& events_;
    HostStream stream_;
};

}  // namespace skiff::devices
