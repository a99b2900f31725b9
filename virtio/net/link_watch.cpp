// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/link_watch.h"

#include <linux/if.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

namespace skiff::virtio::net {
namespace {

// Room for one message with many attributes; the rest of a larger one is not looked at.
constexpr std::size_t kMessageBytes = 16 * 1024;

bool is_up(unsigned flags) {
    return (flags & IFF_UP) != 0 && (flags & IFF_LOWER_UP) != 0;
}

}  // namespace

LinkWatch::LinkWatch(EventLoop& loop, unsigned interface_index,
                     std::function<void(bool up)> changed)
    : loop_(loop), interface_index_(interface_index), changed_(std::move(changed)) {}

LinkWatch::~LinkWatch() {
    if (watch_ != 0) {
        loop_.remove(watch_);
    }
}

Result<void> LinkWatch::start() {
    socket_.reset(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = RTMGRP_LINK;
    if (!socket_.valid() ||
        ::bind(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
        return Error::host(errno, "cannot ask the kernel to tell of interfaces");
    }
    SKIFF_ASSIGN_OR_RETURN(
        watch_, loop_.add(socket_.get(), EPOLLIN, [this](std::uint32_t) { read_messages(); }));
    ask();
    return {};
}

/// Has the state of the interface sent to us.
bool LinkWatch::ask() {
    struct {
        nlmsghdr header;
        ifinfomsg interface;
    } request{};
    request.header.nlmsg_len = sizeof request;
    request.header.nlmsg_type = RTM_GETLINK;
    request.header.nlmsg_flags = NLM_F_REQUEST;
    request.interface.ifi_index = static_cast<int>(interface_index_);
    return ::send(socket_.get(), &request, sizeof request, 0) > 0;
}

/// From the kernel only: nobody else may send to us without CAP_NET_ADMIN.
void LinkWatch::read_messages() {
    alignas(nlmsghdr) std::array<char, kMessageBytes> bytes{};
    for (;;) {
        const ssize_t got = ::recv(socket_.get(), bytes.data(), bytes.size(), 0);
        if (got < 0 && errno == ENOBUFS) {
            ask();  // messages were lost
            continue;
        }
        if (got <= 0) {
            return;
        }
        auto left = static_cast<unsigned>(got);
        std::size_t at = 0;
        while (left >= sizeof(nlmsghdr) + sizeof(ifinfomsg)) {
            nlmsghdr header{};
            ifinfomsg interface {};
            std::memcpy(&header, bytes.data() + at, sizeof header);
            std::memcpy(&interface, bytes.data() + at + NLMSG_HDRLEN, sizeof interface);
            if (header.nlmsg_type == RTM_NEWLINK &&
                interface.ifi_index == static_cast<int>(interface_index_) &&
                header.nlmsg_len >= sizeof header + sizeof interface) {
                changed_(is_up(interface.ifi_flags));
            }
            const unsigned step = NLMSG_ALIGN(header.nlmsg_len);
            if (header.nlmsg_len < sizeof header || step > left) {
                break;
            }
            at += step;
            left -= step;
        }
    }
}

}  // namespace skiff::virtio::net
