// SPDX-License-Identifier: Apache-2.0
#include "devices/serial/serial_port.h"

namespace skiff::devices {

SerialPort::SerialPort(ConsoleHost& host, IrqLine& irq) : uart_(irq, host.output()) {
    host.on_output_ready([this] { uart_.transmitter_ready(); });
    uart_.set_on_input_room([&host] { host.input_wanted(); });
}

}  // namespace skiff::devices
