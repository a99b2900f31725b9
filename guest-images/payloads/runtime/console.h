// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

/// Text output through the first serial port (16550A at port 0x3f8), polled.
namespace payload {

constexpr std::uint16_t kSerialPort = 0x3f8;

/// Bytes that need not end with a zero.
struct Text {
    const char* data = nullptr;
    std::size_t size = 0;
};

bool operator==(Text left, Text right);
Text text(const char* zero_terminated);

/// A number to be printed in hexadecimal with `0x` and at least `digits` digits.
struct Hex {
    std::uint64_t value;
    unsigned digits = 1;
};

/// A number to be printed in decimal with leading zeros.
struct Padded {
    std::uint64_t value;
    unsigned digits;
};

/// Waits until the transmitter takes a byte (LSR.THRE), then sends it. With the FIFO on, sixteen
/// bytes are sent for each wait, as drivers do.
void put(char byte);

/// Sends many bytes the quick way: one wait, then up to a FIFO's depth by one string instruction.
void put_string(Text bytes);

void print_one(const char* zero_terminated);
void print_one(Text bytes);
void print_one(Hex number);
void print_one(Padded number);
void print_one(std::uint64_t number);

template <typename... Parts>
void print(Parts... parts) {
    (print_one(parts), ...);
}

/// 8n1, FIFO on, interrupts off.
void set_up_console();

}  // namespace payload
