// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "devices/host_side/host_side.h"
#include "devices/host_side/host_stream.h"

namespace skiff::devices {

/// Serial output into a file (or a FIFO or a device); there is no input. A write that fails is
/// reported once; what follows is dropped and counted.
class HostFile final : public HostSide {
  public:
    /// Creates or truncates `path`. `option` is what the user wrote, for errors.
    static Result<std::unique_ptr<HostFile>> open(EventLoop& loop, HostSideEvents& events,
                                                  const std::string& path,
                                                  const std::string& option);

    std::size_t write(std::span<const std::uint8_t> bytes) override { return stream_.write(bytes); }
    void watch_output() override { stream_.watch_output(); }
    void watch_input() override {}
    void on_wake() override { stream_.report_output_error(); }
    bool wait_for_output(int timeout_ms) override { return stream_.wait_for_output(timeout_ms); }
    std::uint64_t lost_bytes() const override { return stream_.lost_bytes(); }

  private:
    HostFile(EventLoop& loop, HostSideEvents& events, UniqueFd fd, const std::string& path);

    HostStream stream_;
};

}  // namespace skiff::devices
