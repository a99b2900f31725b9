// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_descriptor.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

namespace skiff::devices {
namespace {

// poll() promises room for PIPE_BUF bytes in a pipe; a terminal may have less, so stay far below.
constexpr std::size_t kPolledChunk = 256;

/// Calls again what a signal interrupted.
template <typename Call>
ssize_t uninterrupted(Call call) {
    ssize_t result = 0;
    do {
        result = call();
    } while (result < 0 && errno == EINTR);
    return result;
}

HostDescriptor::Transfer classify(ssize_t result, HostDescriptor::Direction direction) {
    using Status = HostDescriptor::Status;
    if (result > 0) {
        return {Status::kDone, static_cast<std::size_t>(result), 0};
    }
    if (result == 0) {
        return {direction == HostDescriptor::Direction::kRead ? Status::kEnd : Status::kBusy, 0, 0};
    }
    switch (errno) {
        case EAGAIN:
            return {Status::kBusy, 0, errno};
        case EPIPE:
        case ECONNRESET:
        case EIO:
        case ENXIO:
            return {Status::kClosed, 0, errno};
        default:
            return {Status::kFailed, 0, errno};
    }
}

}  // namespace

HostDescriptor HostDescriptor::share(int fd, Direction direction) {
    // Always a descriptor of our own, since epoll takes each only once.
    const auto duplicate = [fd] { return UniqueFd(::fcntl(fd, F_DUPFD_CLOEXEC, 0)); };
    struct stat status {};
    if (::fstat(fd, &status) != 0 || S_ISREG(status.st_mode)) {
        return {duplicate(), Method::kPlain};
    }
    if (S_ISSOCK(status.st_mode)) {
        return {duplicate(), Method::kSocket};
    }
    // Opening the link makes a new open file description of the same pipe or terminal.
    const int mode = direction == Direction::kRead ? O_RDONLY : O_WRONLY;
    UniqueFd reopened(::open(fmt::format("/proc/self/fd/{}", fd).c_str(),
                             mode | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (reopened.valid()) {
        return {std::move(reopened), Method::kPlain};
    }
    return {duplicate(), Method::kPollFirst};
}

HostDescriptor HostDescriptor::own(UniqueFd fd) {
    return {std::move(fd), Method::kPlain};
}

HostDescriptor::Transfer HostDescriptor::read(std::span<std::uint8_t> to) {
    if (method_ == Method::kSocket) {
        return classify(
            uninterrupted([&] { return ::recv(fd_.get(), to.data(), to.size(), MSG_DONTWAIT); }),
            Direction::kRead);
    }
    if (method_ == Method::kPollFirst && !wait(Direction::kRead, 0)) {
        return {Status::kBusy, 0, 0};
    }
    return classify(uninterrupted([&] { return ::read(fd_.get(), to.data(), to.size()); }),
                    Direction::kRead);
}

HostDescriptor::Transfer HostDescriptor::write(std::span<const std::uint8_t> from) {
    if (method_ == Method::kSocket) {
        return classify(uninterrupted([&] {
                            return ::send(fd_.get(), from.data(), from.size(),
                                          MSG_DONTWAIT | MSG_NOSIGNAL);
                        }),
                        Direction::kWrite);
    }
    if (method_ == Method::kPollFirst) {
        if (!wait(Direction::kWrite, 0)) {
            return {Status::kBusy, 0, 0};
        }
        from = from.first(std::min(from.size(), kPolledChunk));
    }
    return classify(uninterrupted([&] { return ::write(fd_.get(), from.data(), from.size()); }),
                    Direction::kWrite);
}

bool HostDescriptor::wait(Direction direction, int timeout_ms) const {
    pollfd entry{};
    entry.fd = fd_.get();
    entry.events = direction == Direction::kRead ? POLLIN : POLLOUT;
    return ::poll(&entry, 1, timeout_ms) == 1;
}

}  // namespace skiff::devices
