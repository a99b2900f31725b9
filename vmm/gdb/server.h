// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "base/unix_listener.h"
#include "vmm/gdb/address.h"
#include "vmm/gdb/session.h"
#include "vmm/gdb/target.h"

namespace skiff::gdb {

/// Lets debuggers in, one at a time; the next waits until the first has left. The machine stands
/// when a client comes, and goes on when it leaves, however it leaves.
///
/// Belongs to the event loop's thread.
class Server {
  public:
    /// Starts to listen. `target` and `loop` outlive the server.
    static Result<std::unique_ptr<Server>> listen(EventLoop& loop, Target& target,
                                                  const ListenAddress& address);
    ~Server();
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Where it listens, with the port that the kernel chose.
    const ListenAddress& address() const { return address_; }

    /// The machine stands.
    void stopped(const StopEvent& event);
    /// The machine is gone: tells the client and lets it go.
    void ended(int exit_status);

    bool has_client() const { return client_.valid(); }

  private:
    Server(EventLoop& loop, Target& target, ListenAddress address)
        : loop_(loop), target_(target), address_(std::move(address)) {}

    Result<void> open();
    Result<void> open_tcp();
    void accept_client();
    void on_client(std::uint32_t events);
    void read_client();
    void send(std::string_view bytes);
    void flush();
    void drop_client();

    EventLoop& loop_;
    Target& target_;
    ListenAddress address_;
    std::optional<UnixListener> unix_;
    UniqueFd tcp_;
    std::optional<EventLoop::Id> listener_id_;
    UniqueFd client_;
    EventLoop::Id client_id_ = 0;
    std::string output_;              // what the client has not taken yet
    std::optional<Session> session_;  // from when the machine stands for it
};

}  // namespace skiff::gdb
