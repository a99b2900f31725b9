// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/tap.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/log.h"

namespace skiff::virtio::net {
namespace {

// linux/if_tun.h of Linux 6.2 and later; a kernel that does not know them refuses them.
constexpr unsigned kTunUso4 = 0x20;
constexpr unsigned kTunUso6 = 0x40;

constexpr unsigned kSegmentation = TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
constexpr unsigned kMaxWaitingFrames = 4096;

/// What TUNSETOFFLOAD calls the features of a driver.
unsigned tun_offloads(std::uint64_t features) {
    struct Name {
        std::uint64_t feature;
        unsigned tun;
    };
    constexpr std::array kNames = {
        Name{VIRTIO_NET_F_GUEST_CSUM, TUN_F_CSUM}, Name{VIRTIO_NET_F_GUEST_TSO4, TUN_F_TSO4},
        Name{VIRTIO_NET_F_GUEST_TSO6, TUN_F_TSO6}, Name{VIRTIO_NET_F_GUEST_ECN, TUN_F_TSO_ECN},
        Name{VIRTIO_NET_F_GUEST_UFO, TUN_F_UFO},   Name{VIRTIO_NET_F_GUEST_USO4, kTunUso4},
        Name{VIRTIO_NET_F_GUEST_USO6, kTunUso6},
    };
    unsigned flags = 0;
    for (const Name& name : kNames) {
        flags |= (features & name.feature) != 0 ? name.tun : 0;
    }
    // The kernel knows no segmentation without checksums, and USO for both or for none.
    const bool one_uso = (flags & kTunUso4) == 0 || (flags & kTunUso6) == 0;
    flags &= one_uso ? ~(kTunUso4 | kTunUso6) : ~0U;
    return (flags & TUN_F_CSUM) != 0 ? flags : 0;
}

ifreq request_for(const std::string& name) {
    ifreq request{};
    name.copy(static_cast<char*>(request.ifr_name), IFNAMSIZ - 1);
    return request;
}

/// One of the SIOC… requests that go to any socket.
bool interface_ioctl(unsigned long what, ifreq& request) {
    const UniqueFd any(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    return any.valid() && ::ioctl(any.get(), what, &request) == 0;
}

bool exists(const std::string& name) {
    ifreq request = request_for(name);
    return interface_ioctl(SIOCGIFINDEX, request);
}

std::string how_to_make(const std::string& name, unsigned queue_pairs) {
    return fmt::format("ip tuntap add dev {} mode tap{} user $USER && ip link set {} up", name,
                       queue_pairs > 1 ? " multi_queue" : "", name);
}

Result<UniqueFd> open_tun() {
    UniqueFd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
    if (fd.valid()) {
        return fd;
    }
    const Error error = Error::host(errno, "cannot open /dev/net/tun");
    if (errno == ENOENT || errno == ENODEV) {
        return Error::host(error.message() + ": load the driver (modprobe tun)");
    }
    return error;
}

Error why_not(int error, const std::string& name, unsigned queue_pairs, bool existed) {
    const std::string what = Error::host(error, "cannot attach to it").message();
    if (error == EPERM && !existed) {
        return Error::host(fmt::format("no such interface, and no right to make it: as root, {}",
                                       how_to_make(name, queue_pairs)));
    }
    if (error == EPERM || error == EACCES) {
        return Error::host(fmt::format(
            "{}: it belongs to another user (`ip -d link show {}` tells whom): as root, ip tuntap "
            "del dev {} mode tap; {}",
            what, name, name, how_to_make(name, queue_pairs)));
    }
    if (error == EBUSY) {
        return Error::host(fmt::format(
            "{}: another process uses it, or all of its queues; `ip tuntap list` shows whether it "
            "is multi_queue",
            what));
    }
    if (error == EINVAL && existed && queue_pairs > 1) {
        return Error::host(fmt::format(
            "{}: it is no TAP, or one without multi_queue, which queues={} needs: as root, ip "
            "tuntap del dev {} mode tap; {}",
            what, queue_pairs, name, how_to_make(name, queue_pairs)));
    }
    if (error == EINVAL) {
        return Error::host(
            fmt::format("{}: it is no TAP interface (`ip -d link show {}`)", what, name));
    }
    return Error::host(what);
}

// readv() and writev() themselves are cancellation points, which costs two atomic operations a
// frame; and one piece needs no list.
Transfer transfer(long of_one, long of_many, int fd, std::span<const iovec> parts) {
    const long result = parts.size() == 1
                            ? ::syscall(of_one, fd, parts.front().iov_base, parts.front().iov_len)
                            : ::syscall(of_many, fd, parts.data(), parts.size());
    if (result < 0) {
        return {.bytes = 0, .error = errno};
    }
    return {.bytes = static_cast<std::size_t>(result), .error = 0};
}

}  // namespace

Result<std::unique_ptr<NetBackend>> Tap::open(const NetOptions& options) {
    std::unique_ptr<Tap> tap(new Tap);
    auto opened = options.fd.has_value() ? tap->adopt(*options.fd) : tap->attach(options);
    if (opened.ok()) {
        opened = tap->prepare(options);
    }
    if (!opened.ok()) {
        return opened.error().with_context(fmt::format("net {}", describe(options)));
    }
    return std::unique_ptr<NetBackend>(std::move(tap));
}

Result<void> Tap::attach(const NetOptions& options) {
    name_ = options.tap;
    const bool existed = exists(name_);
    unsigned more_flags = options.queue_pairs > 1 ? IFF_MULTI_QUEUE : 0;
    while (queues_.size() < options.queue_pairs) {
        SKIFF_ASSIGN_OR_RETURN(UniqueFd fd, open_tun());
        ifreq request = request_for(name_);
        request.ifr_flags =
            static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | static_cast<int>(more_flags));
        if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
            if (errno == EINVAL && existed && more_flags == 0) {
                more_flags = IFF_MULTI_QUEUE;  // it was made with that, and one queue is enough
                continue;
            }
            return why_not(errno, name_, options.queue_pairs, existed);
        }
        queues_.push_back(std::move(fd));
    }
    if (!existed) {
        ifreq request = request_for(name_);
        request.ifr_flags = IFF_UP;
        interface_ioctl(SIOCSIFFLAGS, request);
        log::info("net {}: made this TAP, which goes when skiff ends", name_);
    }
    return {};
}

Result<void> Tap::adopt(int number) {
    ifreq request{};
    if (::ioctl(number, TUNGETIFF, &request) != 0 || (request.ifr_flags & IFF_TAP) == 0) {
        return Error::user("this is no descriptor of a TAP interface that skiff inherited");
    }
    if ((request.ifr_flags & IFF_NO_PI) == 0) {
        return Error::user(
            "this TAP puts packet information before frames: open it with IFF_NO_PI");
    }
    UniqueFd fd(::fcntl(number, F_DUPFD_CLOEXEC, 0));
    const int flags = ::fcntl(number, F_GETFL);
    if (!fd.valid() || flags < 0 || ::fcntl(fd.get(), F_SETFL, flags | O_NONBLOCK) != 0) {
        return Error::host(errno, "cannot use it");
    }
    name_ = static_cast<const char*>(request.ifr_name);
    has_header_ = (request.ifr_flags & IFF_VNET_HDR) != 0;
    queues_.push_back(std::move(fd));
    return {};
}

Result<void> Tap::prepare(const NetOptions& options) {
    attached_ = queue_pairs();
    int header_bytes = kHeaderBytes;
    if (has_header_ && ::ioctl(queues_.front().get(), TUNSETVNETHDRSZ, &header_bytes) != 0) {
        return Error::host(errno, "cannot ask the TAP for headers of 12 bytes");
    }
    if (has_header_) {
        find_offloads();
    }
    ifreq request = request_for(name_);
    if (interface_ioctl(SIOCGIFMTU, request)) {
        mtu_ = static_cast<std::size_t>(request.ifr_mtu);
        if (options.mtu.has_value() && *options.mtu < mtu_) {
            return Error::user(
                fmt::format("mtu={} is less than the interface's {}: ip link set {} mtu {}",
                            *options.mtu, mtu_, name_, *options.mtu));
        }
    }
    request = request_for(name_);
    if (is_ours_to_see() && interface_ioctl(SIOCGIFFLAGS, request) &&
        (request.ifr_flags & IFF_UP) == 0) {
        up_ = false;
        log::warning("net {}: the interface is down, and so is the guest's link: ip link set {} up",
                     name_, name_);
    }
    return {};
}

void Tap::find_offloads() {
    const auto takes = [this](unsigned flags) {
        return ::ioctl(queues_.front().get(), TUNSETOFFLOAD, static_cast<unsigned long>(flags)) ==
               0;
    };
    if (takes(kSegmentation)) {
        offloads_ |= VIRTIO_NET_F_CSUM | VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_HOST_TSO4 |
                     VIRTIO_NET_F_HOST_TSO6 | VIRTIO_NET_F_HOST_ECN | VIRTIO_NET_F_GUEST_TSO4 |
                     VIRTIO_NET_F_GUEST_TSO6 | VIRTIO_NET_F_GUEST_ECN;
    }
    if (takes(kSegmentation | TUN_F_UFO)) {
        offloads_ |= VIRTIO_NET_F_HOST_UFO | VIRTIO_NET_F_GUEST_UFO;
    }
    if (takes(kSegmentation | kTunUso4 | kTunUso6)) {
        offloads_ |= VIRTIO_NET_F_HOST_USO | VIRTIO_NET_F_GUEST_USO4 | VIRTIO_NET_F_GUEST_USO6;
    }
    takes(0);
}

/// Whether the interface of this name that we can ask about is this one: a descriptor may come from
/// another network namespace.
bool Tap::is_ours_to_see() const {
    ifreq by_name = request_for(name_);
    ifreq own{};
    return interface_ioctl(SIOCGIFHWADDR, by_name) &&
           ::ioctl(queues_.front().get(), SIOCGIFHWADDR, &own) == 0 &&
           std::memcmp(&by_name.ifr_hwaddr.sa_data, &own.ifr_hwaddr.sa_data, sizeof(MacAddress)) ==
               0;
}

Result<void> Tap::watch_link(EventLoop& loop, const LinkObserver& changed) {
    ifreq request = request_for(name_);
    if (!is_ours_to_see() || !interface_ioctl(SIOCGIFINDEX, request)) {
        log::debug("net {}: it is in another network namespace: its link is taken to be up", name_);
        return {};
    }
    link_watch_ = std::make_unique<LinkWatch>(
        loop, static_cast<unsigned>(request.ifr_ifindex), [this, changed](bool up) {
            if (std::exchange(up_, up) != up) {
                log::info("net {}: the interface is {}, and so is the guest's link", name_,
                          up ? "up" : "down");
                changed(up);
            }
        });
    if (const auto started = link_watch_->start(); !started.ok()) {
        log::warning("net {}: {}: the guest's link does not follow the interface", name_,
                     started.error().message());
    }
    return {};
}

Transfer Tap::receive(unsigned pair, std::span<const iovec> room) {
    return transfer(SYS_read, SYS_readv, queues_.at(pair).get(), room);
}

Transfer Tap::send(unsigned pair, std::span<const iovec> frame) {
    return transfer(SYS_write, SYS_writev, queues_.at(pair).get(), frame);
}

void Tap::set_guest_offloads(std::uint64_t features) {
    if (has_header_) {
        ::ioctl(queues_.front().get(), TUNSETOFFLOAD,
                static_cast<unsigned long>(tun_offloads(features)));
    }
}

bool Tap::set_active_pairs(unsigned count) {
    // A TAP spreads flows over all queues that are attached, so the others must not be.
    while (attached_ != count) {
        const bool more = attached_ < count;
        ifreq request{};
        request.ifr_flags = more ? IFF_ATTACH_QUEUE : IFF_DETACH_QUEUE;
        const UniqueFd& queue = queues_.at(more ? attached_ : attached_ - 1);
        if (::ioctl(queue.get(), TUNSETQUEUE, &request) != 0) {
            return false;
        }
        attached_ = more ? attached_ + 1 : attached_ - 1;
    }
    return true;
}

void Tap::discard_waiting() {
    std::array<std::uint8_t, 64> start{};  // the rest of a frame goes with it
    for (unsigned pair = 0; pair < attached_; ++pair) {
        for (unsigned i = 0; i < kMaxWaitingFrames; ++i) {
            if (::read(queues_.at(pair).get(), start.data(), start.size()) <= 0) {
                break;
            }
        }
    }
}

bool Tap::is_gone() const {
    ifreq request{};
    return ::ioctl(queues_.front().get(), TUNGETIFF, &request) != 0;
}

}  // namespace skiff::virtio::net
