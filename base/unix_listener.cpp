// SPDX-License-Identifier: Apache-2.0
#include "base/unix_listener.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace skiff {
namespace {

Error failure(const std::string& option, const char* doing) {
    return Error::host(errno, fmt::format("{}: {}", option, doing));
}

Result<sockaddr_un> address_of(const std::string& path, const std::string& option) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.empty() || path.size() >= sizeof address.sun_path) {
        return Error::user(fmt::format("{}: a socket's path has 1 to {} bytes, this has {}", option,
                                       sizeof address.sun_path - 1, path.size()));
    }
    std::memcpy(address.sun_path, path.data(), path.size());
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);
}

UniqueFd make_socket() {
    return UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
}

/// Who listens at the other end of a connected socket.
pid_t listener_pid(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    return ::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 ? peer.pid : 0;
}

/// Makes way for our socket where `path` is one that nobody listens on any more.
Result<void> remove_stale_socket(const std::string& path, const std::string& option,
                                 const sockaddr_un& address) {
    struct stat status {};
    if (::lstat(path.c_str(), &status) != 0) {
        return failure(option, "cannot look at what is there");
    }
    if (!S_ISSOCK(status.st_mode)) {
        return Error::user(fmt::format(
            "{}: a file of that name exists and is not a socket; choose another", option));
    }
    const UniqueFd probe = make_socket();
    if (::connect(probe.get(), generic(address), sizeof address) == 0) {
        return Error::user(
            fmt::format("{}: another process listens on that socket (pid {}); choose another",
                        option, listener_pid(probe.get())));
    }
    if (errno != ECONNREFUSED) {
        return Error::user(
            fmt::format("{}: another process listens on that socket; choose another", option));
    }
    if (::unlink(path.c_str()) != 0) {
        return failure(option, "cannot remove the stale socket");
    }
    return {};
}

}  // namespace

Result<UnixListener> UnixListener::listen(const std::string& path, const std::string& option,
                                          int backlog, std::optional<mode_t> mode) {
    SKIFF_ASSIGN_OR_RETURN(const sockaddr_un address, address_of(path, option));
    UniqueFd socket = make_socket();
    if (!socket.valid()) {
        return failure(option, "cannot create a socket");
    }
    if (::bind(socket.get(), generic(address), sizeof address) != 0) {
        if (errno != EADDRINUSE) {
            return failure(option, "cannot bind the socket");
        }
        SKIFF_RETURN_IF_ERROR(remove_stale_socket(path, option, address));
        if (::bind(socket.get(), generic(address), sizeof address) != 0) {
            return failure(option, "cannot bind the socket");
        }
    }
    UnixListener listener(std::move(socket), path);
    if (mode.has_value() && ::chmod(path.c_str(), *mode) != 0) {
        return failure(option, "cannot set the socket's mode");
    }
    if (::listen(listener.fd(), backlog) != 0) {
        return failure(option, "cannot listen");
    }
    return listener;
}

UnixListener::UnixListener(UniqueFd socket, std::string path)
    : socket_(std::move(socket)), path_(std::move(path)) {
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0) {
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
}

UnixListener::~UnixListener() {
    if (!socket_.valid()) {
        return;  // moved from
    }
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
}

}  // namespace skiff
