// SPDX-License-Identifier: Apache-2.0
#include "runtime/console.h"

#include "runtime/io_port.h"
#include "runtime/memory_access.h"
#include "runtime/serial_registers.h"

namespace payload {
namespace {

constexpr unsigned kFifoDepth = 16;
unsigned free_fifo_places = 0;

void wait_for_empty_fifo() {
    while ((in8(kSerialPort + serial::kLineStatus) & serial::kTransmitterEmpty) == 0) {
    }
    free_fifo_places = kFifoDepth;
}

}  // namespace

bool operator==(Text left, Text right) {
    return left.size == right.size && memcmp(left.data, right.data, left.size) == 0;
}

Text text(const char* zero_terminated) {
    std::size_t size = 0;
    while (zero_terminated[size] != '\0') {
        ++size;
    }
    return {zero_terminated, size};
}

void put(char byte) {
    if (free_fifo_places == 0) {
        wait_for_empty_fifo();
    }
    --free_fifo_places;
    out8(kSerialPort + serial::kData, static_cast<std::uint8_t>(byte));
}

void put_string(Text bytes) {
    while (bytes.size > 0) {
        wait_for_empty_fifo();
        const std::size_t count = bytes.size < kFifoDepth ? bytes.size : kFifoDepth;
        out8_string(kSerialPort, reinterpret_cast<const std::uint8_t*>(bytes.data), count);
        bytes = {bytes.data + count, bytes.size - count};
    }
    free_fifo_places = 0;
}

void print_one(Text bytes) {
    for (std::size_t i = 0; i < bytes.size; ++i) {
        put(bytes.data[i]);
    }
}

void print_one(const char* zero_terminated) {
    print_one(text(zero_terminated));
}

void print_one(Hex number) {
    print_one("0x");
    unsigned digits = 16;
    while (digits > 1 && digits > number.digits && (number.value >> (4 * (digits - 1))) == 0) {
        --digits;
    }
    while (digits > 0) {
        --digits;
        put("0123456789abcdef"[(number.value >> (4 * digits)) & 0xf]);
    }
}

void print_one(Padded number) {
    char buffer[20];
    unsigned used = 0;
    do {
        buffer[used++] = static_cast<char>('0' + number.value % 10);
        number.value /= 10;
    } while (number.value != 0);
    for (unsigned i = used; i < number.digits; ++i) {
        put('0');
    }
    while (used > 0) {
        put(buffer[--used]);
    }
}

void print_one(std::uint64_t number) {
    print_one(Padded{number, 1});
}

void set_up_console() {
    out8(kSerialPort + serial::kInterruptEnable, 0);
    out8(kSerialPort + serial::kLineControl, serial::kEightBitsNoParity);
    out8(kSerialPort + serial::kFifoControl, serial::kFifoEnable);
    free_fifo_places = 0;
}

}  // namespace payload
