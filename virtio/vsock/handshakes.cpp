// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/handshakes.h"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <string_view>
#include <utility>

#include "base/log.h"
#include "virtio/vsock/connect_line.h"

namespace skiff::virtio::vsock {
namespace {

constexpr std::chrono::seconds kWithoutDescriptors{1};

}  // namespace

Handshakes::Handshakes(EventLoop& loop, UnixListener listener, const VsockLimits& limits,
                       DeadlineTimer& timer, Wanted wanted)
    : loop_(loop),
      listener_(std::move(listener)),
      limits_(limits),
      timer_(timer),
      wanted_(std::move(wanted)) {}

Handshakes::~Handshakes() {
    if (watch_ != 0) {
        loop_.remove(watch_);
    }
}

Result<void> Handshakes::start() {
    SKIFF_ASSIGN_OR_RETURN(
        watch_, loop_.add(listener_.fd(), EPOLLIN, [this](std::uint32_t) { accept_clients(); }));
    return {};
}

void Handshakes::accept_clients() {
    while (!is_full()) {
        UniqueFd fd(::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!fd.valid()) {
            if (errno == EAGAIN || errno == ECONNABORTED) {
                return;
            }
            try_again_ = Clock::now() + kWithoutDescriptors;
            timer_.ask(try_again_);
            break;
        }
        add_client(std::move(fd));
    }
    pause();  // others wait in the kernel's queue
}

/// Those who say nothing do not keep others waiting for long.
Handshakes::Clock::time_point Handshakes::deadline_of(const Client& client) const {
    return client.since + (is_full() ? limits_.crowded_line : limits_.connect_line);
}

void Handshakes::add_client(UniqueFd fd) {
    const auto client = clients_.emplace(clients_.end(), loop_, std::move(fd));
    timer_.ask(deadline_of(clients_.front()));
    if (!client->socket.watch(
            [this, client](std::uint32_t events) { client_changed(client, events); })) {
        end(client);
    }
}

void Handshakes::client_changed(Clients::iterator client, std::uint32_t events) {
    std::array<char, kMaxConnectLine> bytes{};
    const Transfer waiting = client->socket.peek(bytes);
    const bool is_over = (events & (EPOLLRDHUP | EPOLLHUP)) != 0;
    if (waiting.would_wait() && !is_over) {
        return;
    }
    const ConnectLine line = parse_connect_line({bytes.data(), waiting.bytes});
    const bool no_more = waiting.bytes == 0 || is_over;
    switch (line.state) {
        case ConnectLine::State::kIncomplete:
            if (no_more) {
                end(client);
            }
            return;
        case ConnectLine::State::kMalformed:
            end(client);
            return;
        case ConnectLine::State::kPort:
            break;
    }
    const iovec place{.iov_base = bytes.data(), .iov_len = line.size};
    const Transfer taken = client->socket.receive({&place, 1});
    UniqueFd fd = client->socket.release();
    end(client);
    if (taken.bytes == line.size) {
        wanted_(std::move(fd), line.port);
    }
}

void Handshakes::end(Clients::iterator client) {
    clients_.erase(client);
    resume();
}

void Handshakes::expire(Clock::time_point now) {
    for (auto client = clients_.begin(); client != clients_.end();) {
        const auto next = std::next(client);
        if (const auto deadline = deadline_of(*client); deadline <= now) {
            client_changed(client, EPOLLHUP);  // a line that has just come counts
        } else {
            timer_.ask(deadline);
        }
        client = next;
    }
    if (paused_ && try_again_ <= now && !is_full()) {
        resume();
    } else if (paused_ && try_again_ > now) {
        timer_.ask(try_again_);
    }
}

void Handshakes::pause() {
    if (watch_ != 0 && !std::exchange(paused_, true)) {
        loop_.modify(watch_, 0);
    }
}

void Handshakes::resume() {
    if (watch_ != 0 && std::exchange(paused_, false)) {
        loop_.modify(watch_, EPOLLIN);
    }
}

}  // namespace skiff::virtio::vsock
