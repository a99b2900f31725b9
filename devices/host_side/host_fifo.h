// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "devices/host_side/host_side.h"
#include "devices/host_side/host_stream.h"

namespace skiff::devices {

/// Output into a FIFO, and input from a second one beside it, PATH.in, where that exists.
///
/// Both are kept open in both directions, so that readers and writers may come and go: what nobody
/// reads yet stays in the pipe, and when that is full the output is busy.
class HostFifo final : public HostSide {
  public:
    /// `option` is what the user wrote, for errors.
    static Result<std::unique_ptr<HostFifo>> open(EventLoop& loop, HostSideEvents& events,
                                                  const std::string& path,
                                                  const std::string& option);

    std::size_t write(std::span<const std::uint8_t> bytes) override { return stream_.write(bytes); }
    void watch_output() override { stream_.watch_output(); }
    void watch_input() override { stream_.watch_input(); }
    void on_wake() override { stream_.report_output_error(); }
    bool wait_for_output(int timeout_ms) override { return stream_.wait_for_output(timeout_ms); }
    std::uint64_t lost_bytes() const override { return stream_.lost_bytes(); }

  private:
    HostFifo(EventLoop& loop, HostSideEvents& events, UniqueFd output,
             std::optional<HostDescriptor> input);

    HostStream stream_;
};

}  // namespace skiff::devices
