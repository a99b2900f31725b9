// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/http/http_server.h"

#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "vmm/api/resources/write_resources.h"

namespace skiff::api {
namespace {

constexpr mode_t kOnlyTheUser = 0600;
// Clients that are not accepted yet.
constexpr int kWaiting = 128;
// When there is no descriptor left for a client.
constexpr std::chrono::milliseconds kTryAgain{100};

/// Whether the other end is this user or root.
bool is_allowed(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
           (peer.uid == 0 || peer.uid == ::geteuid());
}

}  // namespace

Result<std::unique_ptr<HttpServer>> HttpServer::listen(EventLoop& loop, const std::string& path,
                                                       const std::string& option,
                                                       const Options& options,
                                                       HttpHandler handler) {
    SKIFF_ASSIGN_OR_RETURN(UnixListener listener,
                           UnixListener::listen(path, option, kWaiting, kOnlyTheUser));
    std::unique_ptr<HttpServer> server(
        new HttpServer(loop, std::move(listener), options, std::move(handler)));
    HttpServer* const raw = server.get();
    SKIFF_ASSIGN_OR_RETURN(
        server->listener_watch_,
        loop.add(server->listener_.fd(), EPOLLIN, [raw](std::uint32_t) { raw->accept(); }));
    return server;
}

HttpServer::HttpServer(EventLoop& loop, UnixListener listener, const Options& options,
                       HttpHandler handler)
    : loop_(loop),
      listener_(std::move(listener)),
      options_(options),
      handler_(std::move(handler)),
      limited_handler_([this](const HttpRequest& request) { return answer(request); }),
      try_again_(loop, [this] { watch_listener(true); }) {}

HttpServer::~HttpServer() {
    if (listener_watch_ != 0) {
        loop_.remove(listener_watch_);
    }
}

void HttpServer::watch_listener(bool watch) {
    if (is_watched_ != watch) {
        is_watched_ = watch;
        loop_.modify(listener_watch_, watch ? std::uint32_t{EPOLLIN} : 0);
    }
}

void HttpServer::accept() {
    if (connections_.size() >= options_.connections && !make_room()) {
        watch_listener(false);  // until clean_up()
        return;
    }
    UniqueFd socket(::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (socket.valid()) {
        add(std::move(socket));
        return;
    }
    const bool lacks = errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS;
    if (lacks && try_again_.start(kTryAgain)) {
        watch_listener(false);
    }
}

void HttpServer::add(UniqueFd socket) {
    if (!is_allowed(socket.get())) {
        log::warning("API: a client of another user was refused");
        return;
    }
    // A connection says "changed" from within its own functions, where it cannot be destroyed.
    const HttpConnection::Surroundings around{
        .loop = loop_, .handler = limited_handler_, .changed = [this](bool is_closed) {
            const bool matters = is_closed || !is_watched_;
            if (matters && !std::exchange(clean_up_is_due_, true)) {
                loop_.post([this] { clean_up(); });
            }
        }};
    auto connection =
        std::make_unique<HttpConnection>(std::move(socket), options_.connection, around);
    if (!connection->is_closed()) {
        connections_.push_back(std::move(connection));
    }
}

/// Lets the client go that has been idle the longest. False where none is.
bool HttpServer::make_room() {
    auto longest = connections_.end();
    for (auto it = connections_.begin(); it != connections_.end(); ++it) {
        const bool is_longer =
            longest == connections_.end() || (*it)->idle_since() < (*longest)->idle_since();
        if ((*it)->is_idle() && is_longer) {
            longest = it;
        }
    }
    if (longest == connections_.end()) {
        return false;
    }
    connections_.erase(longest);
    return true;
}

void HttpServer::clean_up() {
    clean_up_is_due_ = false;
    connections_.erase(
        std::remove_if(connections_.begin(), connections_.end(),
                       [](const auto& connection) { return connection->is_closed(); }),
        connections_.end());
    watch_listener(true);
    if (streams() == 0 && streams_ended_) {
        std::exchange(streams_ended_, {})();
    }
}

std::size_t HttpServer::streams() const {
    return static_cast<std::size_t>(
        std::count_if(connections_.begin(), connections_.end(),
                      [](const auto& connection) { return connection->is_streaming(); }));
}

HttpAnswer HttpServer::answer(const HttpRequest& request) {
    HttpAnswer given = handler_(request);
    if (given.stream == nullptr || streams() < options_.streams) {
        return given;
    }
    HttpAnswer fault;
    fault.status = 503;
    fault.body =
        fault_json(fmt::format("{} streams are open already: close one first", options_.streams),
                   request.path, "");
    return fault;
}

void HttpServer::when_streams_have_ended(std::function<void()> ended) {
    streams_ended_ = std::move(ended);
    loop_.post([this] { clean_up(); });
}

}  // namespace skiff::api
