// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_file.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cerrno>
#include <utility>

namespace skiff::devices {

Result<std::unique_ptr<HostFile>> HostFile::open(EventLoop& loop, HostSideEvents& events,
                                                 const std::string& path,
                                                 const std::string& option) {
    // O_NONBLOCK is for FIFOs and devices; regular files do not care.
    UniqueFd fd(::open(path.c_str(),
                       O_WRONLY | O_CREAT | O_TRUNC | O_NONBLOCK | O_NOCTTY | O_CLOEXEC, 0666));
    if (!fd.valid() && errno == ENXIO) {
        return Error::user(fmt::format(
            "{}: nobody has the FIFO open for reading; start its reader first", option));
    }
    if (!fd.valid()) {
        return Error::host(errno, option + ": cannot open it");
    }
    return std::unique_ptr<HostFile>(new HostFile(loop, events, std::move(fd), path));
}

HostFile::HostFile(EventLoop& loop, HostSideEvents& events, UniqueFd fd, const std::string& path)
    : stream_(
          loop, events, std::nullopt, HostDescriptor::own(std::move(fd)),
          {.input_ended = {},
           .output_ended = [&events, path](HostStream::End end, int errno_value) {
               events.output_ended(
                   end == HostStream::End::kClosed ? OutputEnd::kReaderLeft : OutputEnd::kFailed,

                   Error::host(errno_value, fmt::format("cannot write to {}", path)).message());
           }}) {}

}  // namespace skiff::devices
