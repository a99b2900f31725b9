// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <list>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "base/unix_listener.h"
#include "virtio/vsock/deadline_timer.h"
#include "virtio/vsock/host_socket.h"
#include "virtio/vsock/vsock_options.h"

namespace skiff::virtio::vsock {

/// The host's clients from their connection to our socket until they have said which port of the
/// guest they want. One that says nothing, or nonsense, is closed. Belongs to the loop's thread.
class Handshakes {
  public:
    using Clock = DeadlineTimer::Clock;
    /// What came behind the line is still in the socket.
    using Wanted = std::function<void(UniqueFd client, std::uint32_t guest_port)>;

    /// `loop` and `timer` outlive the handshakes.
    Handshakes(EventLoop& loop, UnixListener listener, const VsockLimits& limits,
               DeadlineTimer& timer, Wanted wanted);
    ~Handshakes();
    Handshakes(const Handshakes&) = delete;
    Handshakes& operator=(const Handshakes&) = delete;

    /// Takes clients from now on.
    Result<void> start();
    /// Ends those whose time is over. For the timer's callback.
    void expire(Clock::time_point now);

  private:
    struct Client {
        Client(EventLoop& loop, UniqueFd fd) : socket(loop, std::move(fd)) {}
        HostSocket socket;
        Clock::time_point since = Clock::now();
    };
    using Clients = std::list<Client>;  // the oldest first

    void accept_clients();
    void add_client(UniqueFd fd);
    void client_changed(Clients::iterator client, std::uint32_t events);
    void end(Clients::iterator client);
    bool is_full() const { return clients_.size() >= limits_.handshakes; }
    Clock::time_point deadline_of(const Client& client) const;
    void pause();
    void resume();

    EventLoop& loop_;
    UnixListener listener_;
    const VsockLimits limits_;
    DeadlineTimer& timer_;
    Wanted wanted_;
    Clients clients_;
    EventLoop::Id watch_ = 0;
    bool paused_ = false;
    Clock::time_point try_again_{};  // while paused_ for want of descriptors
};

}  // namespace skiff::virtio::vsock
