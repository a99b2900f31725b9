// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "base/event_loop.h"
#include "base/result.h"
#include "devices/host_side/console_host.h"
#include "devices/serial/escaped_input.h"
#include "devices/serial/serial_port.h"
#include "vmm/machine/command_config.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine {

/// The serial port as the streams of a command, for a kernel without a virtio console: at first it
/// is the kernel's console, until the guest's init takes it over.
class CommandSerial {
  public:
    /// `loop`, `latch` and `serial` outlive it. `observer` sees the output too.
    static Result<std::unique_ptr<CommandSerial>> create(EventLoop& loop, StopLatch& latch,
                                                         const CommandConfig& config,
                                                         devices::SerialPort& serial,
                                                         devices::OutputObserver observer);

    /// From the next byte on, the line is the command's. Any thread, once.
    void take_over();
    /// The guest has room for so much more input. Any thread.
    void add_credit(std::size_t bytes);

    /// As ConsoleHost's.
    void release() { host_->release(); }
    devices::ConsoleHost::Finished finish() { return host_->finish(); }

  private:
    CommandSerial(EventLoop& loop, StopLatch& latch, devices::SerialPort& serial)
        : loop_(loop), latch_(latch), serial_(serial), input_(serial) {}
    void watch_ends();

    EventLoop& loop_;
    StopLatch& latch_;
    devices::SerialPort& serial_;
    devices::EscapedInput input_;
    std::unique_ptr<devices::ConsoleHost> host_;
    bool has_begun_ = false;  // on the loop's thread
};

}  // namespace skiff::machine
