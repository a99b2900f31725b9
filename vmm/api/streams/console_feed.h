// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/event_loop.h"
#include "vmm/api/http/http_message.h"
#include "vmm/api/streams/stream_set.h"
#include "vmm/machine/console_tap.h"

namespace skiff::api {

/// GET `/v1/console`: WebSockets to the guest's console (docs/api/console.md). Binary messages are
/// bytes of it, texts are JSON about it. Each client has its own place in the output that the tap
/// keeps; one that is too slow is told how much it has lost.
///
/// On the loop's thread.
class ConsoleFeed {
  public:
    /// `loop` outlives it.
    explicit ConsoleFeed(EventLoop& loop);
    ~ConsoleFeed();
    ConsoleFeed(const ConsoleFeed&) = delete;
    ConsoleFeed& operator=(const ConsoleFeed&) = delete;

    /// Answers the request. `tap` is null before the start; else the same each time.
    HttpAnswer open(const HttpRequest& request, const std::shared_ptr<machine::ConsoleTap>& tap);

  private:
    StreamSet streams_;
    std::shared_ptr<machine::ConsoleTap> tap_;
};

}  // namespace skiff::api
