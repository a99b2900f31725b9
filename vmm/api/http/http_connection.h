// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "base/event_loop.h"
#include "base/loop_timer.h"
#include "base/unique_fd.h"
#include "vmm/api/http/http_message.h"
#include "vmm/api/http/http_parser.h"
#include "vmm/api/http/http_stream.h"

namespace skiff::api {

/// One client of the server. Belongs to the loop's thread.
///
/// It reads no further while an answer waits to be taken, so that a client which does not read
/// holds up only itself. What is refused before it has come is read on for a while, and thrown
/// away, so that its sender comes to the answer. A request must be complete, and its answer taken,
/// within a time; a connection between two requests may stay as long as it likes, and costs
/// nothing. So may a stream, for as long as the client likes: it is sent only what he takes.
class HttpConnection {
  public:
    struct Options {
        HttpParser::Limits limits;
        std::chrono::milliseconds request_time{10'000};
    };
    /// All of it outlives the connection. `changed` is called when it was closed, or became idle;
    /// it must not destroy the connection.
    struct Surroundings {
        EventLoop& loop;
        const HttpHandler& handler;
        std::function<void(bool is_closed)> changed;
    };

    HttpConnection(UniqueFd socket, const Options& options, const Surroundings& around);
    ~HttpConnection();
    HttpConnection(const HttpConnection&) = delete;
    HttpConnection& operator=(const HttpConnection&) = delete;

    bool is_closed() const { return !socket_.valid(); }
    /// Between requests, since when. Before its first one a client is not idle, but late.
    bool is_idle() const {
        return stream_ == nullptr && in_.empty() && out_.empty() && !request_due_;
    }
    bool is_streaming() const { return stream_ != nullptr && !is_closed(); }
    std::chrono::steady_clock::time_point idle_since() const { return idle_since_; }
    void close();

  private:
    void on_event(std::uint32_t events);
    bool read();
    bool throw_away(std::size_t bytes);
    void serve();
    bool serve_one();
    void answer(const HttpRequest& request, bool keep_alive);
    void queue(const HttpAnswer& answer, bool keep_alive);
    void write();
    void settle();

    // http_connection_stream.cpp
    void begin_stream(std::shared_ptr<HttpStream> stream);
    void serve_stream();
    void settle_stream();

    UniqueFd socket_;
    Options options_;
    Surroundings around_;
    EventLoop::Id watch_ = 0;
    HttpParser parser_;
    LoopTimer deadline_;
    std::string in_;   // bytes that the parser has not used
    std::string out_;  // bytes that the client has not taken
    bool request_due_ = true;
    std::chrono::steady_clock::time_point idle_since_;
    bool input_ended_ = false;
    bool was_refused_ = false;
    std::size_t thrown_away_ = 0;  // bytes, since it was refused
    bool close_when_written_ = false;
    std::shared_ptr<HttpStream> stream_;
    bool stream_has_more_ = false;  // although the client takes it: others come first
};

}  // namespace skiff::api
