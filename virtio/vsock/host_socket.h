// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <optional>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "base/unique_fd.h"

namespace skiff::virtio::vsock {

/// What became of a send or a receive that never waits.
struct Transfer {
    std::size_t bytes = 0;
    /// An errno value; 0 where there was none. EAGAIN: nothing at the moment.
    int error = 0;
    bool would_wait() const;
    /// The other end is closed, or does not read any more.
    bool nobody_reads() const;
};

/// A connected Unix stream socket, watched by an event loop. Belongs to the loop's thread.
class HostSocket {
  public:
    /// `fd` does not block. `loop` outlives the socket.
    HostSocket(EventLoop& loop, UniqueFd fd) : loop_(loop), fd_(std::move(fd)) {}
    ~HostSocket();
    HostSocket(const HostSocket&) = delete;
    HostSocket& operator=(const HostSocket&) = delete;

    /// Connects to the socket of that name; nothing where nobody listens, or who listens is busy.
    static std::optional<UniqueFd> connect(const std::string& path);

    /// `changed` is called when it becomes readable or writable, or an end closes; once for each
    /// change (edge-triggered). False where the host has no memory for that.
    [[nodiscard]] bool watch(EventLoop::Callback changed);
    /// Gives the descriptor away.
    UniqueFd release();

    Transfer send(std::span<const iovec> from) const;
    /// 0 bytes without an error: the other end sends nothing any more.
    Transfer receive(std::span<const iovec> to) const;
    /// As receive(), but what it gives can be received again.
    Transfer peek(std::span<char> to) const;

    void stop_sending() const;
    void stop_receiving() const;

  private:
    EventLoop& loop_;
    UniqueFd fd_;
    EventLoop::Id watch_ = 0;
};

}  // namespace skiff::virtio::vsock
