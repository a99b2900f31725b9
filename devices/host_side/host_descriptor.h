// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/unique_fd.h"

namespace skiff::devices {

/// Reads or writes a descriptor without ever waiting for the other end, and without setting
/// O_NONBLOCK on an open file description that other processes share (a shell's terminal, a pipe
/// of other commands), which would break them.
class HostDescriptor {
  public:
    enum class Direction { kRead, kWrite };

    /// What a transfer came to. `bytes` is 0 unless kDone.
    enum class Status {
        kDone,
        kBusy,    ///< Nothing to read, or no room to write: try again when epoll says so.
        kEnd,     ///< Reading: end of file.
        kClosed,  ///< The other end is gone (EPIPE, ECONNRESET, EIO of a hung-up terminal).
        kFailed,  ///< Another error: see errno_value.
    };
    struct Transfer {
        Status status;
        std::size_t bytes;
        int errno_value;
    };

    /// Uses what `fd` (which stays the caller's) refers to and others may share: reopened with
    /// O_NONBLOCK through /proc where that is possible (pipes, terminals), MSG_DONTWAIT for
    /// sockets, plain calls for regular files, which never wait for a reader, and otherwise small
    /// transfers after poll() says that they fit.
    static HostDescriptor share(int fd, Direction direction);

    /// Owns `fd`, which has O_NONBLOCK or is a regular file.
    static HostDescriptor own(UniqueFd fd);

    Transfer read(std::span<std::uint8_t> to);
    Transfer write(std::span<const std::uint8_t> from);

    /// Waits until a transfer is possible or failed, at most `timeout_ms`.
    bool wait(Direction direction, int timeout_ms) const;

    /// The descriptor to watch.
    int fd() const { return fd_.get(); }

  private:
    enum class Method { kPlain, kSocket, kPollFirst };

    HostDescriptor(UniqueFd fd, Method method) : fd_(std::move(fd)), method_(method) {}

    UniqueFd fd_;
    Method method_;
};

}  // namespace skiff::devices
