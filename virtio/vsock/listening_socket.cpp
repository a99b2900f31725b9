// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/listening_socket.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "virtio/vsock/vsock_options.h"

namespace skiff::virtio::vsock {
namespace {

constexpr int kBacklog = 128;

Error failure(const std::string& path, std::string_view doing) {
    return Error::host(errno, fmt::format("{}: {}", path, doing));
}

Result<sockaddr_un> address_of(const std::string& path) {
    SKIFF_RETURN_IF_ERROR(check_socket_path(path));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

UniqueFd make_socket() {
    return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/// Makes way where `path` is a socket that nobody listens on any more.
Result<void> remove_stale_socket(const std::string& path, const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        return failure(path, "cannot look at what is there");
    }
    if (!S_ISSOCK(status.st_mode)) {
        return Error::user(fmt::format(
            "{}: a file of that name exists and is not a socket: choose another path", path));
    }
    const UniqueFd probe = make_socket();
    if (::connect(probe.get(), generic(address), sizeof address) == 0 || errno != ECONNREFUSED) {
        return Error::user(
            fmt::format("{}: another process listens on that socket: choose another path", path));
    }
    if (::unlink(path.c_str()) != 0) {
        return failure(path, "cannot remove the stale socket");
    }
    return {};
}

}  // namespace

Result<ListeningSocket> ListeningSocket::open(const std::string& path) {
    SKIFF_ASSIGN_OR_RETURN(const sockaddr_un address, address_of(path));
    UniqueFd fd = make_socket();
    if (!fd.valid()) {
        return failure(path, "cannot create a socket");
    }
    if (::bind(fd.get(), generic(address), sizeof address) != 0) {
        if (errno != EADDRINUSE) {
            return failure(path, "cannot bind the socket");
        }
        SKIFF_RETURN_IF_ERROR(remove_stale_socket(path, address));
        if (::bind(fd.get(), generic(address), sizeof address) != 0) {
            return failure(path, "cannot bind the socket");
        }
    }
    ListeningSocket socket(std::move(fd), path);
    if (::listen(socket.fd(), kBacklog) != 0) {
        return failure(path, "cannot listen");
    }
    return socket;
}

ListeningSocket::ListeningSocket(UniqueFd fd, std::string path)
    : fd_(std::move(fd)), path_(std::move(path)) {
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0) {
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
}

ListeningSocket::~ListeningSocket() {
    if (!fd_.valid()) {
        return;  // moved away
    }
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
}

}  // namespace skiff::virtio::vsock
