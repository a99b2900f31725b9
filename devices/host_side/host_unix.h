// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unix_listener.h"
#include "devices/host_side/host_clients.h"

namespace skiff::devices {

/// A listening Unix stream socket. One client at a time; the next waits in the
/// listen queue until the first has left. The socket is removed at the end.
class HostUnix final : public HostClients {
  public:
    /// Replaces a socket that nobody listens on, and nothing else that exists at `path`. `option`
    /// is what the user wrote, for errors.
    static Result<std::unique_ptr<HostUnix>> listen(EventLoop& loop, HostSideEvents& events,
                                                    const std::string& path,
                                                    const std::string& option);
    ~HostUnix() override;

    std::string where() const override { return listener_.path(); }

  private:
    HostUnix(EventLoop& loop, HostSideEvents& events, UnixListener listener);
    Result<void> watch_listener();
    void accept_client();
    void on_detached() override;

    UnixListener listener_;
    std::optional<EventLoop::Id> listener_id_;
};

}  // namespace skiff::devices
