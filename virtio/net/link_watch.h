// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"

namespace skiff::virtio::net {

/// Watches whether an interface of our network namespace is up and has a carrier (rtnetlink(7),
/// RTM_NEWLINK). Belongs to the thread of its loop.
class LinkWatch {
  public:
    /// `changed` is called each time that it is told of, with what is so now. `loop` outlives us.
    LinkWatch(EventLoop& loop, unsigned interface_index, std::function<void(bool up)> changed);
    ~LinkWatch();
    LinkWatch(const LinkWatch&) = delete;
    LinkWatch& operator=(const LinkWatch&) = delete;

    Result<void> start();

  private:
    void read_messages();
    bool ask();

    EventLoop& loop_;
    unsigned interface_index_;
    std::function<void(bool up)> changed_;
    UniqueFd socket_;
    EventLoop::Id watch_ = 0;
};

}  // namespace skiff::virtio::net
