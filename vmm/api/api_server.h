// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <thread>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/result.h"
#include "vmm/api/http/http_server.h"
#include "vmm/api/instance.h"
#include "vmm/api/routes.h"
#include "vmm/api/streams/console_feed.h"
#include "vmm/api/streams/event_feed.h"

namespace skiff::api {

struct ApiOptions {
    std::string socket_path;
    /// The largest body of a request.
    std::size_t max_payload_bytes = HttpParser::Limits{}.body_bytes;
    LaunchTimes launch = {};
};

/// The API of one microVM: its socket, and the thread that serves it ("api").
class ApiServer {
  public:
    /// Listens; clients wait until start(). `instance` outlives it.
    static Result<std::unique_ptr<ApiServer>> create(const ApiOptions& options, Instance& instance);
    /// Ends the thread, and removes the socket.
    ~ApiServer();
    ApiServer(const ApiServer&) = delete;
    ApiServer& operator=(const ApiServer&) = delete;

    /// Starts the thread, with the signals blocked that this one has blocked.
    void start();
    /// The instance has ended, and its streams have: gives their clients the time to take what is
    /// left, but not longer than a fifth of a second. Nothing is served after that.
    void finish();

  private:
    explicit ApiServer(EventLoop loop) : loop_(std::move(loop)) {}

    HttpAnswer open_stream(StreamKind kind, const HttpRequest& request);

    EventLoop loop_;
    LoopTimer finish_timer_{loop_, [this] { loop_.stop(); }};
    Instance* instance_ = nullptr;
    std::unique_ptr<EventFeed> events_;
    ConsoleFeed consoles_{loop_};
    std::unique_ptr<HttpServer> server_;
    std::thread thread_;
};

}  // namespace skiff::api
