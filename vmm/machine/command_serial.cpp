// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/command_serial.h"

#include <chrono>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "guest-init/orders.h"

namespace skiff::machine {
namespace {

// A slow reader of the command's output has this long at the end, for 64 KiB at most.
constexpr std::chrono::seconds kDeliverOutput{30};

static_assert(devices::EscapedInput::kEscape == SKIFF_INPUT_ESCAPE);
static_assert(devices::EscapedInput::kEnd == SKIFF_INPUT_END);

}  // namespace

Result<std::unique_ptr<CommandSerial>> CommandSerial::create(EventLoop& loop, StopLatch& latch,
                                                             const CommandConfig& config,
                                                             devices::SerialPort& serial,
                                                             devices::OutputObserver observer) {
    std::unique_ptr<CommandSerial> made(new CommandSerial(loop, latch, serial));
    devices::ConsoleOptions options;
    options.input_fd = config.input_fd;
    options.output_fd = config.output_fd;
    options.owns_terminal = false;
    options.quiet = true;
    options.flush_timeout = kDeliverOutput;
    SKIFF_ASSIGN_OR_RETURN(made->host_, devices::ConsoleHost::create(loop, options));
    made->host_->set_observer(std::move(observer));
    made->host_->set_input(made->input_);
    serial.add_host(*made->host_, [self = made.get()] {
        self->input_.line_has_room();
        self->host_->input_wanted();
    });
    made->watch_ends();
    return made;
}

void CommandSerial::watch_ends() {
    host_->on_input_closed([this](devices::InputEnd) { input_.end(); });
    host_->on_output_closed([this](devices::OutputEnd end, const std::string& reason) {
        if (!has_begun_) {
            return;  // the ports have the streams
        }
        if (end != devices::OutputEnd::kReaderLeft) {
            log::warning("standard output of the command: {}", reason);
            return;
        }
        // On a line nobody can tell the command: it ends as by the signal that it would get.
        latch_.stop(
            {.kind = ExitReason::Kind::kSignal, .value = SIGPIPE, .detail = reason, .vcpu = {}});
    });
}

void CommandSerial::take_over() {
    serial_.move_output(*host_);
    loop_.post([this] {
        has_begun_ = true;
        host_->start();
    });
}

void CommandSerial::add_credit(std::size_t bytes) {
    input_.add_credit(bytes);
    host_->input_wanted();
}

}  // namespace skiff::machine
