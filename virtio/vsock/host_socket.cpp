// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/host_socket.h"

#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"

namespace skiff::virtio::vsock {
namespace {

Transfer transferred(ssize_t result) {
    if (result < 0) {
        return {.bytes = 0, .error = errno};
    }
    return {.bytes = static_cast<std::size_t>(result), .error = 0};
}

/// The kernel writes through it in receive() only.
msghdr message(std::span<const iovec> pieces) {
    msghdr header{};
    header.msg_iov = const_cast<iovec*>(pieces.data());
    header.msg_iovlen = pieces.size();
    return header;
}

}  // namespace

bool Transfer::would_wait() const {
    return error == EAGAIN;
}

bool Transfer::nobody_reads() const {
    return error == EPIPE || error == ECONNRESET;
}

HostSocket::~HostSocket() {
    if (watch_ != 0) {
        loop_.remove(watch_);
    }
}

std::optional<UniqueFd> HostSocket::connect(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    SKIFF_CHECK(path.size() < sizeof address.sun_path);
    std::memcpy(address.sun_path, path.data(), path.size());
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid() ||
        ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return std::nullopt;
    }
    return fd;
}

bool HostSocket::watch(EventLoop::Callback changed) {
    const auto watched =
        loop_.add(fd_.get(), EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, std::move(changed));
    watch_ = watched.ok() ? *watched : 0;
    return watched.ok();
}

UniqueFd HostSocket::release() {
    if (watch_ != 0) {
        loop_.remove(std::exchange(watch_, 0));
    }
    return std::move(fd_);
}

Transfer HostSocket::send(std::span<const iovec> from) const {
    const msghdr header = message(from);
    return transferred(::sendmsg(fd_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL));
}

Transfer HostSocket::receive(std::span<const iovec> to) const {
    msghdr header = message(to);
    return transferred(::recvmsg(fd_.get(), &header, MSG_DONTWAIT));
}

Transfer HostSocket::peek(std::span<char> to) const {
    return transferred(::recv(fd_.get(), to.data(), to.size(), MSG_DONTWAIT | MSG_PEEK));
}

void HostSocket::stop_sending() const {
    ::shutdown(fd_.get(), SHUT_WR);
}

void HostSocket::stop_receiving() const {
    ::shutdown(fd_.get(), SHUT_RD);
}

}  // namespace skiff::virtio::vsock
