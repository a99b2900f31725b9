// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/host_pty.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace skiff::devices {
namespace {

Error failure(const char* doing) {
    return Error::host(errno, std::string("--serial pty: ") + doing);
}

Result<UniqueFd> open_master() {
    UniqueFd master(::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    if (!master.valid() || ::grantpt(master.get()) != 0 || ::unlockpt(master.get()) != 0) {
        return failure("cannot create a pseudo-terminal");
    }
    return master;
}

/// Raw mode, which stays while the master is open. Closing the slave again puts the master into
/// the hung-up state in which it is whenever nobody is there.
Result<void> make_raw(const std::string& slave_path) {
    const UniqueFd slave(::open(slave_path.c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    termios mode{};
    if (!slave.valid() || ::tcgetattr(slave.get(), &mode) != 0) {
        return failure("cannot open the pseudo-terminal's slave");
    }
    ::cfmakeraw(&mode);
    if (::tcsetattr(slave.get(), TCSANOW, &mode) != 0) {
        return failure("cannot set the pseudo-terminal's mode");
    }
    return {};
}

}  // namespace

Result<std::unique_ptr<HostPty>> HostPty::open(EventLoop& loop, HostSideEvents& events) {
    SKIFF_ASSIGN_OR_RETURN(UniqueFd master, open_master());
    std::array<char, 64> path{};
    if (::ptsname_r(master.get(), path.data(), path.size()) != 0) {
        return failure("cannot name the pseudo-terminal");
    }
    std::unique_ptr<HostPty> host(new HostPty(loop, events, std::move(master), path.data()));
    SKIFF_RETURN_IF_ERROR(make_raw(host->slave_path_));
    SKIFF_RETURN_IF_ERROR(host->watch_slave());
    return host;
}

HostPty::HostPty(EventLoop& loop, HostSideEvents& events, UniqueFd master, std::string slave_path)
    : HostClients(loop, events), master_(std::move(master)), slave_path_(std::move(slave_path)) {}

HostPty::~HostPty() {
    if (inotify_id_) {
        loop().remove(*inotify_id_);
    }
}

Result<void> HostPty::watch_slave() {
    inotify_.reset(::inotify_init1(IN_NONBLOCK | IN_CLOEXEC));
    if (!inotify_.valid()) {
        return failure("cannot use inotify (limit: sysctl fs.inotify.max_user_instances)");
    }
    if (::inotify_add_watch(inotify_.get(), slave_path_.c_str(), IN_OPEN) < 0) {
        return failure("cannot watch the pseudo-terminal's slave");
    }
    SKIFF_ASSIGN_OR_RETURN(inotify_id_, loop().add(inotify_.get(), EPOLLIN,
                                                   [this](std::uint32_t) { on_slave_opened(); }));
    return {};
}

bool HostPty::slave_is_open() const {
    pollfd entry{};
    entry.fd = master_.get();
    return ::poll(&entry, 1, 0) == 0 || (entry.revents & POLLHUP) == 0;
}

void HostPty::on_slave_opened() {
    std::array<char, 1024> notes;
    while (::read(inotify_.get(), notes.data(), notes.size()) > 0) {
    }
    look_for_client();
}

void HostPty::look_for_client() {
    if (!slave_is_open()) {
        return;
    }
    if (is_leaving()) {
        detach();  // comes back here; what the last client sent is read as the new one's
        return;
    }
    if (is_attached()) {
        return;
    }
    UniqueFd input(::fcntl(master_.get(), F_DUPFD_CLOEXEC, 0));
    UniqueFd output(::fcntl(master_.get(), F_DUPFD_CLOEXEC, 0));
    if (input.valid() && output.valid()) {
        attach(std::move(input), std::move(output));
    }
}

void HostPty::on_detached() {
    look_for_client();  // opened again before the hang-up was handled
}

void HostPty::linger(int timeout_ms) {
    // Closing the master takes from the reader what it has not read yet.
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + std::chrono::milliseconds(timeout_ms);
    if (!is_attached()) {
        return;
    }
    const UniqueFd slave(::open(slave_path_.c_str(), O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC));
    pollfd entry{};
    entry.fd = slave.get();
    entry.events = POLLIN;
    // poll(), unlike FIONREAD, also finds what the kernel has not yet moved to the reader's side.
    while (slave.valid() && ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0 &&
           Clock::now() < deadline) {
        ::poll(nullptr, 0, 5);
    }
}

}  // namespace skiff::devices
