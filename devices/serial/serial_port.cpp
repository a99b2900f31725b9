// SPDX-License-Identifier: Apache-2.0
#include "devices/serial/serial_port.h"

#include <utility>

namespace skiff::devices {

SerialPort::SerialPort(ConsoleHost& host, IrqLine& irq) : host_(host), uart_(irq, host.output()) {
    host.on_output_ready([this] { uart_.transmitter_ready(); });
    uart_.set_on_input_room([&host] { host.input_wanted(); });
}

void SerialPort::add_host(ConsoleHost& host, std::function<void()> on_input_room) {
    host.on_output_ready([this] { uart_.transmitter_ready(); });
    uart_.set_on_input_room([this, on_input_room = std::move(on_input_room)] {
        host_.input_wanted();
        on_input_room();
    });
}

}  // namespace skiff::devices
