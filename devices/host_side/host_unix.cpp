// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_unix.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace skiff::devices {
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
    if (::connect(probe.get(), generic(address), sizeof address) == 0 || errno != ECONNREFUSED) {
        return Error::user(
            fmt::format("{}: another process listens on that socket; choose another", option));
    }
    if (::unlink(path.c_str()) != 0) {
        return failure(option, "cannot remove the stale socket");
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<HostUnix>> HostUnix::listen(EventLoop& loop, HostSideEvents& events,
                                                   const std::string& path,
                                                   const std::string& option) {
    SKIFF_ASSIGN_OR_RETURN(const sockaddr_un address, address_of(path, option));
    UniqueFd listener = make_socket();
    if (!listener.valid()) {
        return failure(option, "cannot create a socket");
    }
    if (::bind(listener.get(), generic(address), sizeof address) != 0) {
        if (errno != EADDRINUSE) {
            return failure(option, "cannot bind the socket");
        }
        SKIFF_RETURN_IF_ERROR(remove_stale_socket(path, option, address));
        if (::bind(listener.get(), generic(address), sizeof address) != 0) {
            return failure(option, "cannot bind the socket");
        }
    }
    std::unique_ptr<HostUnix> host(new HostUnix(loop, events, std::move(listener), path));
    if (::listen(host->listener_.get(), 8) != 0) {
        return failure(option, "cannot listen");
    }
    SKIFF_RETURN_IF_ERROR(host->watch_listener());
    return host;
}

HostUnix::HostUnix(EventLoop& loop, HostSideEvents& events, UniqueFd listener, std::string path)
    : HostClients(loop, events), listener_(std::move(listener)), path_(std::move(path)) {
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0) {
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
}

HostUnix::~HostUnix() {
    if (listener_id_) {
        loop().remove(*listener_id_);
    }
    struct stat status {};
    if (::lstat(path_.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_) {
        ::unlink(path_.c_str());
    }
}

Result<void> HostUnix::watch_listener() {
    SKIFF_ASSIGN_OR_RETURN(listener_id_, loop().add(listener_.get(), EPOLLIN,
                                                    [this](std::uint32_t) { accept_client(); }));
    return {};
}

void HostUnix::accept_client() {
    UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.valid()) {
        return;  // left again already; EMFILE cannot last, since one client is all we take
    }
    UniqueFd output(::fcntl(client.get(), F_DUPFD_CLOEXEC, 0));
    if (!output.valid()) {
        log::warning("cannot serve a client of {}: out of file descriptors", path_);
        return;
    }
    loop().modify(*listener_id_, 0);
    attach(std::move(client), std::move(output));
}

void HostUnix::on_detached() {
    loop().modify(*listener_id_, EPOLLIN);
}

}  // namespace skiff::devices
