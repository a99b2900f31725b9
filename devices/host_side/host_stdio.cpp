// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_stdio.h"

#include <fmt/format.h>

#include <optional>
#include <utility>

#include "base/result.h"

namespace skiff::devices {
namespace {

std::optional<HostDescriptor> share(int fd, HostDescriptor::Direction direction) {
    return fd < 0 ? std::nullopt : std::optional(HostDescriptor::share(fd, direction));
}

}  // namespace

HostStdio::HostStdio(EventLoop& loop, HostSideEvents& events, int input_fd, int output_fd,
                     std::function<bool()> may_read)
    : events_(events),
      stream_(loop, events, share(input_fd, HostDescriptor::Direction::kRead),
              share(output_fd, HostDescriptor::Direction::kWrite),
              {.input_ended =
                   [this](HostStream::End end) {
                       events_.input_ended(end == HostStream::End::kEndOfFile ? InputEnd::kEndOfFile
                                                                              : InputEnd::kHangup);
                   },
               .output_ended =
                   [this](HostStream::End end, int errno_value) {
                       if (end == HostStream::End::kClosed) {
                           events_.output_ended(OutputEnd::kReaderLeft,
                                                "the reader of standard output is gone");
                           return;
                       }
                       events_.output_ended(
                           OutputEnd::kFailed,
                           Error::host(errno_value, "cannot write to standard output").message());
                   },
               .may_read = std::move(may_read)}) {}

std::size_t HostStdio::write(std::span<const std::uint8_t> bytes) {
    return stream_.write(bytes);
}

}  // namespace skiff::devices
