// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_unix.h"

#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <utility>

#include "base/log.h"

namespace skiff::devices {

Result<std::unique_ptr<HostUnix>> HostUnix::listen(EventLoop& loop, HostSideEvents& events,
                                                   const std::string& path,
                                                   const std::string& option) {
    SKIFF_ASSIGN_OR_RETURN(UnixListener listener, UnixListener::listen(path, option));
    std::unique_ptr<HostUnix> host(new HostUnix(loop, events, std::move(listener)));
    SKIFF_RETURN_IF_ERROR(host->watch_listener());
    return host;
}

HostUnix::HostUnix(EventLoop& loop, HostSideEvents& events, UnixListener listener)
    : HostClients(loop, events), listener_(std::move(listener)) {}

HostUnix::~HostUnix() {
    if (listener_id_) {
        loop().remove(*listener_id_);
    }
}

Result<void> HostUnix::watch_listener() {
    SKIFF_ASSIGN_OR_RETURN(listener_id_, loop().add(listener_.fd(), EPOLLIN,
                                                    [this](std::uint32_t) { accept_client(); }));
    return {};
}

void HostUnix::accept_client() {
    UniqueFd client(::accept4(listener_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!client.valid()) {
        return;  // left again already; EMFILE cannot last, since one client is all we take
    }
    UniqueFd output(::fcntl(client.get(), F_DUPFD_CLOEXEC, 0));
    if (!output.valid()) {
        log::warning("cannot serve a client of {}: out of file descriptors", listener_.path());
        return;
    }
    loop().modify(*listener_id_, 0);
    attach(std::move(client), std::move(output));
}

void HostUnix::on_detached() {
    loop().modify(*listener_id_, EPOLLIN);
}

}  // namespace skiff::devices
