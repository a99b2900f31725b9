// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/event_loop.h"
#include "vmm/api/http/http_message.h"
#include "vmm/api/streams/event_log.h"
#include "vmm/api/streams/stream_set.h"

namespace skiff::api {

/// GET `/v1/events`: streams of server-sent events (HTML, 9.2) out of an EventLog. Each keeps
/// nothing but the number of the last event that it has sent, so that a client which reads slowly
/// costs nothing, and loses events when the log does. While nobody listens, nothing is woken.
///
/// On the loop's thread.
class EventFeed {
  public:
    /// Both outlive it; so do its streams not.
    EventFeed(EventLoop& loop, EventLog& log);
    ~EventFeed();
    EventFeed(const EventFeed&) = delete;
    EventFeed& operator=(const EventFeed&) = delete;

    /// Answers the request with a stream, which begins after the event that `Last-Event-ID` names,
    /// or with the oldest that is kept.
    HttpAnswer open(const HttpRequest& request);

  private:
    class Stream;

    EventLog& log_;
    StreamSet streams_;
};

}  // namespace skiff::api
