// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/server.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <utility>

namespace skiff::gdb {
namespace {

// A client that asks and does not read its answers is let go.
constexpr std::size_t kMaxOutput = 64 * kMaxPacketBytes;

int listener_of(const std::optional<UnixListener>& unix_listener, const UniqueFd& tcp) {
    return unix_listener.has_value() ? unix_listener->fd() : tcp.get();
}

}  // namespace

Result<std::unique_ptr<Server>> Server::listen(EventLoop& loop, Target& target,
                                               const ListenAddress& address) {
    std::unique_ptr<Server> server(new Server(loop, target, address));
    SKIFF_RETURN_IF_ERROR(server->open());
    return server;
}

Server::~Server() {
    drop_client();
    if (listener_id_.has_value()) {
        loop_.remove(*listener_id_);
    }
}

Result<void> Server::open() {
    if (address_.kind == ListenAddress::Kind::kUnix) {
        SKIFF_ASSIGN_OR_RETURN(UnixListener listener,
                               UnixListener::listen(address_.path, "--gdb unix:" + address_.path));
        unix_.emplace(std::move(listener));
    } else {
        SKIFF_RETURN_IF_ERROR(open_tcp());
    }
    SKIFF_ASSIGN_OR_RETURN(listener_id_, loop_.add(listener_of(unix_, tcp_), EPOLLIN,
                                                   [this](std::uint32_t) { accept_client(); }));
    return {};
}

Result<void> Server::open_tcp() {
    const std::string option = fmt::format("--gdb tcp:127.0.0.1:{}", address_.port);
    tcp_.reset(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!tcp_.valid()) {
        return Error::host(errno, option + ": cannot create a socket");
    }
    const int on = 1;
    ::setsockopt(tcp_.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(address_.port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    socklen_t size = sizeof address;
    if (::bind(tcp_.get(), generic, size) != 0 || ::listen(tcp_.get(), 1) != 0 ||
        ::getsockname(tcp_.get(), generic, &size) != 0) {
        return Error::host(errno, option + ": cannot listen there");
    }
    address_.port = ntohs(address.sin_port);
    return {};
}

void Server::accept_client() {
    UniqueFd client(
        ::accept4(listener_of(unix_, tcp_), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.valid()) {
        return;  // left again already
    }
    const int on = 1;
    ::setsockopt(client.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on Unix sockets
    // Nothing is read before the machine stands: see stopped().
    const auto id = loop_.add(client.get(), 0, [this](std::uint32_t events) { on_client(events); });
    if (!id) {
        return;
    }
    client_ = std::move(client);
    client_id_ = *id;
    loop_.modify(*listener_id_, 0);
    target_.interrupt();
}

void Server::stopped(const StopEvent& event) {
    if (!client_.valid()) {
        target_.detach();  // its client left before
        return;
    }
    if (session_.has_value()) {
        session_->stopped(event);
        return;
    }
    target_.remove_all();
    session_.emplace(target_, [this](std::string_view bytes) { send(bytes); });
    loop_.modify(client_id_, EPOLLIN);
}

void Server::ended(int exit_status) {
    if (session_.has_value()) {
        session_->ended(exit_status);
        flush();
    }
    if (client_.valid()) {
        ::shutdown(client_.get(), SHUT_WR);
    }
    session_.reset();
    drop_client();
}

void Server::on_client(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) {
        flush();
    }
    if (client_.valid() && session_.has_value() && (events & EPOLLIN) != 0) {
        read_client();
    } else if (client_.valid() && (events & (EPOLLHUP | EPOLLERR)) != 0) {
        drop_client();
    }
}

void Server::read_client() {
    std::array<std::uint8_t, 4096> buffer;
    const ssize_t got = ::read(client_.get(), buffer.data(), buffer.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) {
        return;
    }
    if (got <= 0) {
        drop_client();
        return;
    }
    session_->receive(std::span(buffer).first(static_cast<std::size_t>(got)));
    flush();
    if (client_.valid() && (session_->is_over() || output_.size() > kMaxOutput)) {
        drop_client();
    }
}

void Server::send(std::string_view bytes) {
    output_ += bytes;
    if (output_.size() == bytes.size()) {
        flush();
    }
}

void Server::flush() {
    if (!client_.valid()) {
        output_.clear();
        return;
    }
    while (!output_.empty()) {
        const ssize_t sent = ::send(client_.get(), output_.data(), output_.size(), MSG_NOSIGNAL);
        if (sent < 0) {
            break;  // full, or gone: reading will tell
        }
        output_.erase(0, static_cast<std::size_t>(sent));
    }
    const std::uint32_t wanted = session_.has_value() ? EPOLLIN : 0U;
    loop_.modify(client_id_, output_.empty() ? wanted : wanted | EPOLLOUT);
}

/// A client that left without a word leaves the machine as it should be without one.
void Server::drop_client() {
    if (!client_.valid()) {
        return;
    }
    loop_.remove(client_id_);
    client_.reset();
    output_.clear();
    if (session_.has_value()) {
        const bool running = session_->is_running();
        const bool over = session_->is_over();
        session_.reset();
        if (running && !over) {
            target_.interrupt();  // stopped() detaches it
        } else if (!over) {
            target_.detach();
        }
    }
    // Without a session the machine is about to stand for it, and then is let go.
    if (listener_id_.has_value()) {
        loop_.modify(*listener_id_, EPOLLIN);
    }
}

}  // namespace skiff::gdb
