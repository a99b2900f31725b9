// SPDX-License-Identifier: Apache-2.0
// Drives the virtio console. `test=output` (the default) sends `bytes=` bytes of the lines that
// serial_output sends, `chunk=` bytes a request; `test=echo` sends back what comes, and at 0x04
// prints how much that was; `test=ports` tells of the ports and sends back what comes on port 1;
// `test=malicious` breaks the rules. What it says itself goes to the serial port.
#include "runtime/boot_info.h"
#include "runtime/run_payload.h"
#include "virtio_console/card.h"

namespace payload {

std::uint8_t run() {
    using namespace virtio_console;
    static Card card;
    if (!card.find()) {
        print("no console device\n");
        return 1;
    }
    const Text test = option("test", "output");
    if (test == text("echo")) {
        return test_echo(card);
    }
    if (test == text("ports")) {
        return test_ports(card);
    }
    if (test == text("malicious")) {
        return test_malicious(card);
    }
    return test_output(card);
}

}  // namespace payload
