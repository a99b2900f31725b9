// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/host_port.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "devices/host_side/host_fifo.h"
#include "devices/host_side/host_file.h"
#include "devices/host_side/host_unix.h"

namespace skiff::machine {
namespace {

enum class Side { kFile, kFifo, kUnix };

Side side_of(const PortConfig& config) {
    if (config.kind == PortConfig::Kind::kUnix) {
        return Side::kUnix;
    }
    struct stat status {};
    const bool exists = ::stat(config.path.c_str(), &status) == 0;
    if (exists && S_ISFIFO(status.st_mode)) {
        return Side::kFifo;
    }
    if (config.kind == PortConfig::Kind::kFile) {
        return Side::kFile;
    }
    const bool is_socket = exists ? S_ISSOCK(status.st_mode) : config.path.ends_with(".sock");
    return is_socket ? Side::kUnix : Side::kFile;
}

}  // namespace

HostPort::HostPort(EventLoop& loop, std::string name)
    : loop_(loop), name_(std::move(name)), self_(std::make_shared<HostPort*>(this)) {}

HostPort::~HostPort() = default;

Result<std::unique_ptr<HostPort>> HostPort::open(EventLoop& loop, const PortConfig& config) {
    ::signal(SIGPIPE, SIG_IGN);  // write() says EPIPE instead
    std::unique_ptr<HostPort> port(new HostPort(loop, config.name));
    SKIFF_RETURN_IF_ERROR(port->open_side(config));
    return port;
}

Result<void> HostPort::open_side(const PortConfig& config) {
    const std::string option = fmt::format("--port {}={}", config.name, config.path);
    devices::HostSideEvents& events = *this;
    switch (side_of(config)) {
        case Side::kFile: {
            SKIFF_ASSIGN_OR_RETURN(side_,
                                   devices::HostFile::open(loop_, events, config.path, option));
            break;
        }
        case Side::kFifo: {
            SKIFF_ASSIGN_OR_RETURN(side_,
                                   devices::HostFifo::open(loop_, events, config.path, option));
            break;
        }
        case Side::kUnix: {
            connected_ = false;
            SKIFF_ASSIGN_OR_RETURN(side_,
                                   devices::HostUnix::listen(loop_, events, config.path, option));
            break;
        }
    }
    return {};
}

void HostPort::post(void (HostPort::*task)()) {
    loop_.post([self = std::weak_ptr(self_), task] {
        if (const auto port = self.lock()) {
            ((*port)->*task)();
        }
    });
}

std::size_t HostPort::write(std::span<const std::uint8_t> bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        const std::size_t part = side_->write(bytes.subspan(taken));
        if (part == 0) {
            side_->watch_output();
            break;
        }
        taken += part;
    }
    return taken;
}

void HostPort::input_wanted() {
    post(&HostPort::watch_input);  // which may give input at once
}

bool HostPort::drain_output() {
    events_->output_room();
    return false;  // write() watches again where it has to
}

void HostPort::attached(bool is_attached) {
    connected_ = is_attached;
    events_->connection_changed();
}

void HostPort::output_ended(devices::OutputEnd /*end*/, const std::string& reason) {
    log::warning("port {}: {}; output is dropped from here on", name_, reason);
}

bool HostPort::deliver_until(std::chrono::steady_clock::time_point deadline) {
    using std::chrono::milliseconds;
    const auto left =
        std::chrono::duration_cast<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (!connected_ || left.count() <= 0) {
        return false;
    }
    const bool there_is_room = side_->wait_for_output(static_cast<int>(left.count()));
    side_->on_wake();
    return there_is_room;
}

}  // namespace skiff::machine
