// SPDX-License-Identifier: Apache-2.0
#include "devices/serial/serial_console.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "base/log.h"
#include "devices/serial/host_stdio.h"

namespace skiff::devices {

SerialConsole::SerialConsole(EventLoop& loop, const SerialOptions& options, IrqLine& irq)
    : loop_(loop), options_(options), output_(outlet_), uart_(irq, output_) {
    output_.set_callbacks(
        [this] {
            output_waits_.store(true, std::memory_order_release);
            wake();
        },
        [this] { uart_.transmitter_ready(); });
    uart_.set_on_input_room([this] {
        input_wanted_.store(true, std::memory_order_release);
        wake();
    });
}

Result<std::unique_ptr<SerialConsole>> SerialConsole::create(EventLoop& loop,
                                                             const SerialOptions& options,
                                                             IrqLine& irq) {
    std::unique_ptr<SerialConsole> console(new SerialConsole(loop, options, irq));
    ::signal(SIGPIPE, SIG_IGN);  // write() says EPIPE instead
    SKIFF_RETURN_IF_ERROR(console->watch_wake_ups());
    SKIFF_RETURN_IF_ERROR(console->open_host_side());
    return console;
}

Result<void> SerialConsole::watch_wake_ups() {
    wake_fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_fd_.valid()) {
        return Error::host(errno, "cannot create an eventfd for the serial port");
    }
    SKIFF_ASSIGN_OR_RETURN(
        wake_id_, loop_.add(wake_fd_.get(), EPOLLIN, [this](std::uint32_t) { on_wake(); }));
    return {};
}

Result<void> SerialConsole::open_host_side() {
    HostSideEvents& events = *this;
    switch (options_.kind) {
        case SerialOptions::Kind::kStdio:
            host_ = std::make_unique<HostStdio>(loop_, events, STDIN_FILENO, STDOUT_FILENO,
                                                std::function<bool()>());
            break;
        default:
            break;
    }
    outlet_.host = host_.get();
    return {};
}

SerialConsole::~SerialConsole() {
    if (wake_id_ != 0) {
        loop_.remove(wake_id_);
    }
}

void SerialConsole::start() {
    if (host_) {
        host_->watch_input();
    }
}

void SerialConsole::wake() {
    ::eventfd_write(wake_fd_.get(), 1);
}

void SerialConsole::on_wake() {
    eventfd_t count = 0;
    ::eventfd_read(wake_fd_.get(), &count);
    if (!host_) {
        return;
    }
    if (output_waits_.exchange(false, std::memory_order_acquire) && output_.drain()) {
        host_->watch_output();
    }
    if (input_wanted_.exchange(false, std::memory_order_acquire)) {
        host_->watch_input();
    }
    host_->on_wake();
}

void SerialConsole::input(std::span<const std::uint8_t> bytes) {
    uart_.receive(bytes);
}

void SerialConsole::input_ended(InputEnd end) {
    if (on_input_closed_) {
        on_input_closed_(end);
    }
}

void SerialConsole::attached(bool is_attached) {
    output_.set_overflow(is_attached ? OutputBuffer::Overflow::kHoldGuest
                                     : OutputBuffer::Overflow::kDropOldest);
}

void SerialConsole::output_failed(const std::string& reason) {
    if (on_output_closed_) {
        on_output_closed_(reason);
    } else {
        log::warning("serial port: {}; output is dropped from here on", reason);
    }
}

void SerialConsole::release() {
    output_.release();
}

SerialConsole::Finished SerialConsole::finish() {
    using Clock = std::chrono::steady_clock;
    const auto deadline = Clock::now() + options_.flush_timeout;
    output_.release();
    while (host_ && output_.drain()) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
        if (left.count() <= 0 || !host_->wait_for_output(static_cast<int>(left.count()))) {
            break;
        }
    }
    Finished finished;
    finished.lost_bytes =
        output_.dropped_bytes() + output_.waiting_bytes() + (host_ ? host_->lost_bytes() : 0);
    return finished;
}

}  // namespace skiff::devices
