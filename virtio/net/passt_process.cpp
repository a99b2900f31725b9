// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/passt_process.h"

#include <fmt/format.h>
#include <linux/sockios.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include "base/log.h"
#include "virtio/net/frame_stream.h"

namespace skiff::virtio::net {
namespace {

// What passt writes of itself is kept up to here.
constexpr std::size_t kLongestLine = 1024;
constexpr std::chrono::milliseconds kLook{1};

/// A frame that nobody answers (IEEE 802: 0x88b5 is for experiments). By it passt learns the
/// guest's MAC before the guest has sent anything, and we see when it begins to read.
std::vector<std::uint8_t> first_frame(const MacAddress& mac) {
    std::vector<std::uint8_t> bytes = {0, 0, 0, 60};
    bytes.insert(bytes.end(), 6, 0xff);
    bytes.insert(bytes.end(), mac.begin(), mac.end());
    bytes.insert(bytes.end(), {0x88, 0xb5});
    bytes.resize(kLengthBytes + 60);
    return bytes;
}

std::string describe_forward(const PortForward& forward) {
    const std::string where =
        forward.host_address.empty() ? "" : fmt::format("{}/", forward.host_address);
    return fmt::format("{}{}:{}", where, forward.host_port, forward.guest_port);
}

/// passt complains of a missing system log after each of its lines.
bool is_noise(std::string_view line) {
    return line.empty() || (line.starts_with("Failed to send ") && line.ends_with(" to syslog"));
}

}  // namespace

std::vector<std::string> passt_arguments(const NetOptions& options, int socket) {
    const UserNetOptions& user = *options.user;
    std::vector<std::string> words = user.command;
    words.insert(words.end(), {"--foreground", "--fd", std::to_string(socket)});
    bool udp = false;
    for (const PortForward& forward : user.forwards) {
        const bool is_udp = forward.protocol == PortForward::Protocol::kUdp;
        udp = udp || is_udp;
        words.insert(words.end(), {is_udp ? "-u" : "-t", describe_forward(forward)});
    }
    if (!udp) {
        words.insert(words.end(), {"-u", "none"});  // else those of TCP
    }
    for (const std::string& server : user.name_servers) {
        words.insert(words.end(), {"--dns", server});
    }
    if (!user.interface.empty()) {
        words.insert(words.end(), {"--interface", user.interface});
    }
    if (options.mtu.has_value()) {
        words.insert(words.end(), {"--mtu", std::to_string(*options.mtu)});
    }
    return words;
}

Result<PasstProcess> PasstProcess::start(const NetOptions& options, const MacAddress& mac) {
    const std::string& program = options.user->command.front();
    const std::string path = find_program(program);
    if (path.empty()) {
        return Error::host(fmt::format(
            "there is no {} in PATH, which user networking needs: as root, apt-get install passt "
            "(or see https://passt.top); -n tap=… needs none",
            program));
    }
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
        return Error::host(errno, "cannot make a socket pair");
    }
    UniqueFd ours(ends[0]);
    const UniqueFd theirs(ends[1]);
    const auto hello = first_frame(mac);
    if (::send(ours.get(), hello.data(), hello.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(hello.size())) {
        return Error::host(errno, "cannot write to the socket of passt");
    }
    SKIFF_ASSIGN_OR_RETURN(ChildProcess child,
                           ChildProcess::start({.path = path,
                                                .arguments = passt_arguments(options, theirs.get()),
                                                .inherited = {theirs.get()}}));
    return PasstProcess(std::move(child), std::move(ours));
}

bool PasstProcess::is_ready() const {
    int unread = 0;
    if (::ioctl(socket_.get(), SIOCOUTQ, &unread) != 0 || unread != 0) {
        return false;
    }
    // An end that was closed has nothing unread either.
    pollfd closed{.fd = socket_.get(), .events = POLLRDHUP, .revents = 0};
    return ::poll(&closed, 1, 0) == 0;
}

Result<void> PasstProcess::wait_until_ready(std::chrono::milliseconds limit) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!is_ready()) {
        pollfd ended{.fd = exit_fd(), .events = POLLIN, .revents = 0};
        if (::poll(&ended, 1, static_cast<int>(kLook.count())) > 0) {
            return Error::host(take_end().value_or("passt ended"));
        }
        read_output();
        if (std::chrono::steady_clock::now() > end) {
            return Error::host(fmt::format("passt does not serve after {} s; it said last: {}",
                                           limit.count() / 1000, last_line_));
        }
    }
    return {};
}

void PasstProcess::read_output() {
    std::array<char, 4096> text{};
    for (;;) {
        const ssize_t got = ::read(output_fd(), text.data(), text.size());
        if (got <= 0) {
            return;
        }
        for (const char c : std::string_view(text.data(), static_cast<std::size_t>(got))) {
            if (c == '\n') {
                take_line(std::exchange(unfinished_line_, {}));
            } else if (unfinished_line_.size() < kLongestLine) {
                unfinished_line_ += c;
            }
        }
    }
}

void PasstProcess::take_line(std::string_view line) {
    if (!is_noise(line)) {
        last_line_ = line;
        log::debug("passt: {}", line);
    }
}

std::optional<std::string> PasstProcess::take_end() {
    read_output();
    const auto end = child_.take_end();
    if (!end.has_value()) {
        return std::nullopt;
    }
    take_line(std::exchange(unfinished_line_, {}));
    return last_line_.empty() ? fmt::format("passt ended with {}", end->describe())
                              : fmt::format("passt ended with {}: {}", end->describe(), last_line_);
}

}  // namespace skiff::virtio::net
