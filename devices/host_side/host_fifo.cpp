// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_fifo.h"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <utility>

namespace skiff::devices {
namespace {

/// Both directions: neither open() nor reading waits for another process, or ends with it.
Result<UniqueFd> open_both_ways(const std::string& path, const std::string& option) {
    UniqueFd fd(::open(path.c_str(), O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (!fd.valid()) {
        return Error::host(errno, option + ": cannot open " + path);
    }
    return fd;
}

bool is_fifo(const std::string& path) {
    struct stat status {};
    return ::stat(path.c_str(), &status) == 0 && S_ISFIFO(status.st_mode);
}

}  // namespace

Result<std::unique_ptr<HostFifo>> HostFifo::open(EventLoop& loop, HostSideEvents& events,
                                                 const std::string& path,
                                                 const std::string& option) {
    SKIFF_ASSIGN_OR_RETURN(UniqueFd output, open_both_ways(path, option));
    std::optional<HostDescriptor> input;
    if (is_fifo(path + ".in")) {
        SKIFF_ASSIGN_OR_RETURN(UniqueFd fd, open_both_ways(path + ".in", option));
        input = HostDescriptor::own(std::move(fd));
    }
    return std::unique_ptr<HostFifo>(
        new HostFifo(loop, events, std::move(output), std::move(input)));
}

HostFifo::HostFifo(EventLoop& loop, HostSideEvents& events, UniqueFd output,
                   std::optional<HostDescriptor> input)
    : stream_(
          loop, events, std::move(input), HostDescriptor::own(std::move(output)),
          {.input_ended = [&events](HostStream::End) { events.input_ended(InputEnd::kEndOfFile); },
           .output_ended =
               [&events](HostStream::End, int errno_value) {
                   events.output_ended(
                       OutputEnd::kFailed,
                       Error::host(errno_value, "cannot write to the FIFO").message());
               }}) {}

}  // namespace skiff::devices
