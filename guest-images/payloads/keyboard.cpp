// SPDX-License-Identifier: Apache-2.0
// Waits for keys by the i8042's interrupt (IRQ 1) and prints their scan codes, until it has seen
// the Delete key's (0x53, set 1). Ctrl-Alt-Del is how a machine without ACPI is asked to stop.
#include "runtime/console.h"
#include "runtime/interrupts.h"
#include "runtime/io_apic.h"
#include "runtime/io_port.h"
#include "runtime/local_apic.h"
#include "runtime/machine_exit.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint16_t kDataPort = 0x60;
constexpr std::uint8_t kOutputFull = 1 << 0;
constexpr std::uint8_t kInputFull = 1 << 1;
constexpr std::uint8_t kWriteCommandByte = 0x60;
// Keyboard interrupt on, system flag, translation to scan code set 1.
constexpr std::uint8_t kCommandByte = 0x01 | 0x04 | 0x40;

constexpr std::uint8_t kKeyboardPin = 1;
constexpr std::uint8_t kKeyboardVector = 0x41;
constexpr std::uint8_t kDelete = 0x53;

volatile bool delete_seen = false;

void send(std::uint16_t port, std::uint8_t byte) {
    for (unsigned i = 0; i < 1000 && (in8(kI8042CommandPort) & kInputFull) != 0; ++i) {
    }
    out8(port, byte);
}

void read_keys(InterruptFrame&) {
    while ((in8(kI8042CommandPort) & kOutputFull) != 0) {
        const std::uint8_t code = in8(kDataPort);
        print("key ", Hex{code, 2}, "\n");
        if (code == kDelete) {
            delete_seen = true;
        }
    }
    local_apic::end_of_interrupt();
}

}  // namespace

std::uint8_t run() {
    io_apic::mask_legacy_controllers();
    local_apic::enable();
    set_interrupt_handler(kKeyboardVector, read_keys);
    io_apic::route(kKeyboardPin, kKeyboardVector);
    send(kI8042CommandPort, kWriteCommandByte);
    send(kDataPort, kCommandByte);
    print("waiting for keys\n");
    while (!delete_seen) {
        wait_for_interrupt();
    }
    return 0;
}

}  // namespace payload
