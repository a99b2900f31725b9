// SPDX-License-Identifier: Apache-2.0
// Reads the serial port, polled (`mode=poll`) or by interrupt (`mode=interrupt`), until `count=`
// bytes have come or a byte 0x04 (end of transmission). `echo=1` sends each byte back. At the end
// it prints the number of bytes and their FNV-1a checksum (the 0x04 is not in them).
#include "runtime/boot_info.h"
#include "runtime/checksum.h"
#include "runtime/console.h"
#include "runtime/interrupts.h"
#include "runtime/io_apic.h"
#include "runtime/io_port.h"
#include "runtime/local_apic.h"
#include "runtime/processor.h"
#include "runtime/run_payload.h"
#include "runtime/serial_registers.h"

namespace payload {
namespace {

constexpr std::uint8_t kSerialPin = 4;
constexpr std::uint8_t kSerialVector = 0x40;
constexpr std::uint8_t kEndOfTransmission = 0x04;

std::uint64_t received = 0;
std::uint64_t wanted = 0;
std::uint64_t interrupts = 0;
bool echo = false;
bool ended = false;
Checksum checksum;

bool is_complete() {
    return ended || received == wanted;
}

/// Takes what the receiver holds.
void drain() {
    while (!is_complete() && (in8(kSerialPort + serial::kLineStatus) & serial::kDataReady) != 0) {
        const std::uint8_t byte = in8(kSerialPort + serial::kData);
        if (byte == kEndOfTransmission) {
            ended = true;
            return;
        }
        ++received;
        checksum.add(byte);
        if (echo) {
            put(static_cast<char>(byte));
        }
    }
}

void read_by_interrupt() {
    io_apic::mask_legacy_controllers();
    local_apic::enable();
    set_interrupt_handler(kSerialVector, [](InterruptFrame&) {
        ++interrupts;
        // The line must go low again for the next edge: until nothing is pending.
        while ((in8(kSerialPort + serial::kInterruptIdentification) &
                serial::kNoInterruptPending) == 0 &&
               !is_complete()) {
            drain();
        }
        local_apic::end_of_interrupt();
    });
    io_apic::route(kSerialPin, kSerialVector);
    out8(kSerialPort + serial::kModemControl, serial::kOut2);
    out8(kSerialPort + serial::kInterruptEnable, serial::kReceivedDataInterrupt);
    print("ready\n");
    while (!is_complete()) {
        wait_for_interrupt();
    }
    out8(kSerialPort + serial::kInterruptEnable, 0);
}

void read_by_polling() {
    print("ready\n");
    while (!is_complete()) {
        drain();
    }
}

}  // namespace

std::uint8_t run() {
    wanted = option("count", ~std::uint64_t{0});
    echo = option("echo", std::uint64_t{0}) != 0;
    const bool by_interrupt = option("mode", "poll") == text("interrupt");
    if (by_interrupt) {
        read_by_interrupt();
    } else {
        read_by_polling();
    }
    print("\nreceived ", received, " checksum ", Hex{checksum.value(), 8}, "\n");
    if (by_interrupt && received > 0 && interrupts == 0) {
        print("no interrupt came\n");
        return 1;
    }
    return 0;
}

}  // namespace payload
