// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/socket.h>
#include <sys/un.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <cstring>
#include <string>

#include "base/unique_fd.h"

namespace skiff::test {

/// A client's end of a Unix socket, which never blocks.
class SocketClient {
  public:
    explicit SocketClient(const std::string& path)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
        REQUIRE(::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address),
                          sizeof address) == 0);
    }
    void send(const std::string& text) {
        REQUIRE(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
                static_cast<ssize_t>(text.size()));
    }
    /// As much as the socket takes at the moment.
    std::size_t send_some(const std::string& text) {
        const ssize_t sent = ::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL);
        return sent > 0 ? static_cast<std::size_t>(sent) : 0;
    }
    void end_output() { ::shutdown(socket_.get(), SHUT_WR); }
    /// What has come since the last call.
    std::string received() {
        std::string text;
        std::array<char, 65536> buffer;
        ssize_t count = 0;
        while ((count = ::recv(socket_.get(), buffer.data(), buffer.size(), 0)) > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        closed_ = count == 0 || errno == ECONNRESET;
        return text;
    }
    /// Whether the last received() found the end.
    bool is_closed() const { return closed_; }

  private:
    UniqueFd socket_;
    bool closed_ = false;
};

}  // namespace skiff::test
