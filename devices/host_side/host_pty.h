// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "devices/host_side/host_clients.h"

namespace skiff::devices {

/// A new pseudo-terminal in raw mode, for screen, minicom and the like. Nobody
/// needs to have it open; who opens its slave is seen by inotify, who closes it by the hang-up.
class HostPty final : public HostClients {
  public:
    static Result<std::unique_ptr<HostPty>> open(EventLoop& loop, HostSideEvents& events);
    ~HostPty() override;

    std::string where() const override { return slave_path_; }
    void linger(int timeout_ms) override;
    std::optional<WindowSize> window() const override { return window_size(master_.get()); }

  private:
    HostPty(EventLoop& loop, HostSideEvents& events, UniqueFd master, std::string slave_path);
    Result<void> watch_slave();
    bool slave_is_open() const;
    void on_slave_opened();
    void look_for_client();
    void on_detached() override;

    UniqueFd master_;
    std::string slave_path_;
    UniqueFd inotify_;
    std::optional<EventLoop::Id> inotify_id_;
};

}  // namespace skiff::devices
