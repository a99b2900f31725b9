// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/unix_listener.h"
#include "vmm/api/http/http_connection.h"

namespace skiff::api {

/// An HTTP server on a Unix socket. Belongs to the loop's thread; it never blocks it, and takes no
/// more memory than its limits say, whatever its clients do. A request for a stream beyond those
/// that may be open is answered with 503.
///
/// More clients than it serves wait: when one comes, the client that has been idle the longest is
/// let go, which HTTP allows at any time; where none is idle, the new one waits for one to end.
class HttpServer {
  public:
    struct Options {
        HttpConnection::Options connection;
        std::size_t connections = 16;
        /// Of them; the others stay for requests.
        std::size_t streams = 8;
    };

    /// Listens at `path`, which only this user and root can use. `option` is what the user wrote.
    static Result<std::unique_ptr<HttpServer>> listen(EventLoop& loop, const std::string& path,
                                                      const std::string& option,
                                                      const Options& options, HttpHandler handler);
    ~HttpServer();
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    std::size_t connections() const { return connections_.size(); }

    /// Calls `ended` once, soon, when no stream is open any more: when those that are over were
    /// taken by their clients.
    void when_streams_have_ended(std::function<void()> ended);

  private:
    HttpServer(EventLoop& loop, UnixListener listener, const Options& options, HttpHandler handler);

    void accept();
    void add(UniqueFd socket);
    bool make_room();
    void clean_up();
    void watch_listener(bool watch);
    std::size_t streams() const;
    HttpAnswer answer(const HttpRequest& request);

    EventLoop& loop_;
    UnixListener listener_;
    Options options_;
    const HttpHandler handler_;          // the owner's
    const HttpHandler limited_handler_;  // answer()
    EventLoop::Id listener_watch_ = 0;
    bool is_watched_ = true;
    LoopTimer try_again_;
    std::vector<std::unique_ptr<HttpConnection>> connections_;
    bool clean_up_is_due_ = false;
    std::function<void()> streams_ended_;
};

}  // namespace skiff::api
