// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>

#include "base/irq_line.h"
#include "devices/host_side/console_host.h"
#include "devices/host_side/console_input.h"
#include "devices/serial/uart_16550.h"

namespace skiff::devices {

/// A UART whose output goes to the console's host side. Its input comes from there if the owner
/// gives it to ConsoleHost::set_input().
class SerialPort final : public ConsoleInput {
  public:
    /// Both outlive it, but it may not be used when `host` runs no more. Before
    /// ConsoleHost::start().
    SerialPort(ConsoleHost& host, IrqLine& irq);

    /// A second host side, that may get the output later (move_output()). Outlives it. Before
    /// either's start().
    void add_host(ConsoleHost& host, std::function<void()> on_input_room);
    /// From the next byte on, output goes there. Any thread.
    void move_output(ConsoleHost& host) { uart_.set_output(host.output()); }

    /// To be put at COM1's eight ports.
    BusDevice& bus_device() { return uart_; }
    Uart16550& uart() { return uart_; }
    const Uart16550& uart() const { return uart_; }

    std::size_t input_room() override { return uart_.input_room(); }
    std::size_t receive(std::span<const std::uint8_t> bytes) override {
        return uart_.receive(bytes);
    }

  private:
    ConsoleHost& host_;
    Uart16550 uart_;
};

}  // namespace skiff::devices
