// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/stream_port.h"

#include <csignal>
#include <utility>

#include "base/log.h"
#include "vmm/machine/stop_controller.h"

namespace skiff::machine {
namespace {

// How soon a signal is noticed while a slow reader is waited for.
constexpr int kPatienceMs = 100;

}  // namespace

StreamPort::StreamPort(EventLoop& loop, Options options)
    : loop_(loop),
      name_(std::move(options.name)),
      side_(loop, *this, options.input_fd, options.output_fd, {}),
      self_(std::make_shared<StreamPort*>(this)) {
    ::signal(SIGPIPE, SIG_IGN);  // write() says EPIPE instead
}

void StreamPort::post(void (StreamPort::*task)()) {
    loop_.post([self = std::weak_ptr(self_), task] {
        if (const auto port = self.lock()) {
            ((*port)->*task)();
        }
    });
}

void StreamPort::begin() {
    begun_ = true;
    watch_input();
}

void StreamPort::input_wanted() {
    post(&StreamPort::watch_input);  // which may give input at once
}

void StreamPort::watch_input() {
    if (begun_) {
        side_.watch_input();
    }
}

void StreamPort::input_ended(devices::InputEnd /*end*/) {
    disconnect();
}

std::size_t StreamPort::write(std::span<const std::uint8_t> bytes) {
    std::size_t taken = 0;
    while (taken < bytes.size()) {
        const std::size_t part = side_.write(bytes.subspan(taken));
        if (part == 0) {
            side_.watch_output();
            break;
        }
        taken += part;
    }
    return taken;
}

bool StreamPort::drain_output() {
    events_->output_room();
    return false;  // write() watches again where it has to
}

void StreamPort::output_ended(devices::OutputEnd end, const std::string& reason) {
    reader_left_ = end == devices::OutputEnd::kReaderLeft;
    if (!reader_left_) {
        log::warning("{} of the command: {}", name_, reason);
    }
    disconnect();
}

void StreamPort::disconnect() {
    connected_ = false;
    events_->connection_changed();
}

std::chrono::steady_clock::time_point StreamPort::delivery_deadline(
    std::chrono::steady_clock::time_point usual) const {
    return patient_.load(std::memory_order_relaxed) ? std::chrono::steady_clock::time_point::max()
                                                    : usual;
}

bool StreamPort::deliver_until(std::chrono::steady_clock::time_point deadline) {
    if (!connected_) {
        return false;
    }
    while (std::chrono::steady_clock::now() < deadline && !StopController::signal_is_pending()) {
        if (side_.wait_for_output(kPatienceMs)) {
            side_.on_wake();
            return true;
        }
    }
    return false;
}

}  // namespace skiff::machine
