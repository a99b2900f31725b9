// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/http/http_connection.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "vmm/api/resources/write_resources.h"

namespace skiff::api {
namespace {

constexpr std::size_t kReadBytes = 16 * 1024;
constexpr std::size_t kMostThrownAway = 1024 * 1024;
constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

}  // namespace

HttpConnection::HttpConnection(UniqueFd socket, const Options& options, const Surroundings& around)
    : socket_(std::move(socket)),
      options_(options),
      around_(around),
      parser_(options.limits),
      deadline_(around.loop, [this] { close(); }) {
    const auto watch = around_.loop.add(socket_.get(), EPOLLIN,
                                        [this](std::uint32_t events) { on_event(events); });
    if (watch.ok()) {
        watch_ = *watch;
        settle();
    } else {
        socket_.reset();
    }
}

HttpConnection::~HttpConnection() {
    if (!is_closed()) {
        around_.loop.remove(watch_);
    }
}

void HttpConnection::close() {
    if (is_closed()) {
        return;
    }
    deadline_.stop();
    around_.loop.remove(watch_);
    socket_.reset();
    around_.changed(true);
}

void HttpConnection::on_event(std::uint32_t events) {
    if ((events & EPOLLIN) != 0 && !read()) {
        close();
        return;
    }
    if ((events & (EPOLLERR | EPOLLHUP)) != 0 && (events & EPOLLIN) == 0) {
        close();
        return;
    }
    write();
    serve();
    serve_stream();
    settle();
}

/// False where the connection is broken.
bool HttpConnection::read() {
    std::array<char, kReadBytes> buffer;
    const ssize_t count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
    if (count > 0 && was_refused_) {
        return throw_away(static_cast<std::size_t>(count));
    }
    if (count > 0) {
        in_.append(buffer.data(), static_cast<std::size_t>(count));
        return true;
    }
    input_ended_ = count == 0;
    return count == 0 || errno == EAGAIN || errno == EINTR;
}

/// After a request that was refused. False where it is enough.
bool HttpConnection::throw_away(std::size_t bytes) {
    thrown_away_ += bytes;
    return thrown_away_ <= kMostThrownAway;
}

/// Answers what has come, one request after the other, for as long as the client takes answers.
void HttpConnection::serve() {
    while (!is_closed() && stream_ == nullptr && out_.empty() && !close_when_written_ &&
           !in_.empty() && serve_one()) {
        write();
    }
}

/// False where more bytes are needed.
bool HttpConnection::serve_one() {
    std::size_t used = 0;
    const HttpParser::State state = parser_.put(in_, used);
    in_.erase(0, used);
    request_due_ = true;
    switch (state) {
        case HttpParser::State::kNeedsMore:
            if (parser_.wants_continue()) {
                out_ += kContinue;
            }
            // A chunk's end and the next one's beginning take a call each.
            return used != 0 && !in_.empty();
        case HttpParser::State::kFailed: {
            HttpAnswer fault;
            fault.status = parser_.fault().status;
            fault.body = fault_json(parser_.fault().message, "", "");
            queue(fault, false);
            was_refused_ = true;
            in_.clear();
            break;
        }
        case HttpParser::State::kComplete: {
            const bool keep_alive = parser_.keep_alive();
            const HttpRequest request = parser_.take();
            answer(request, keep_alive);
            break;
        }
    }
    return true;
}

void HttpConnection::answer(const HttpRequest& request, bool keep_alive) {
    HttpAnswer given = around_.handler(request);
    queue(given, keep_alive && given.stream == nullptr);
    request_due_ = false;
    deadline_.stop();
    if (given.stream != nullptr) {
        begin_stream(std::move(given.stream));
    }
}

void HttpConnection::queue(const HttpAnswer& answer, bool keep_alive) {
    out_ += http_text(answer, keep_alive);
    close_when_written_ = !keep_alive;
}

void HttpConnection::write() {
    while (!is_closed() && !out_.empty()) {
        const ssize_t count = ::send(socket_.get(), out_.data(), out_.size(), MSG_NOSIGNAL);
        if (count > 0) {
            out_.erase(0, static_cast<std::size_t>(count));
        } else if (count < 0 && errno == EINTR) {
            continue;
        } else {
            if (errno != EAGAIN) {
                close();
            }
            return;
        }
    }
}

/// Sets what is waited for, and until when.
void HttpConnection::settle() {
    if (is_closed()) {
        return;
    }
    if (stream_ != nullptr) {
        settle_stream();
        return;
    }
    if (out_.empty() && was_refused_ && !input_ended_) {
        ::shutdown(socket_.get(), SHUT_WR);  // and then the client's end is waited for
    } else if (out_.empty() && (close_when_written_ || input_ended_)) {
        close();
        return;
    }
    around_.loop.modify(watch_, out_.empty() ? EPOLLIN : EPOLLOUT);
    if (is_idle()) {
        deadline_.stop();
        idle_since_ = std::chrono::steady_clock::now();
        around_.changed(false);
    } else if (!deadline_.running() && !deadline_.start(options_.request_time)) {
        close();  // better no client than one without an end
    }
}

}  // namespace skiff::api
