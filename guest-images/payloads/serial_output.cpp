// SPDX-License-Identifier: Apache-2.0
// Sends `bytes=` bytes of lines that can be checked one by one: "00000000 abcdefghij…\n", 64 bytes
// a line, with the line's number in it. `wait=line_status` (the default) honours LSR.THRE and fills
// the FIFO each time; `wait=none` sends without looking, as a guest may that trusts the FIFO to be
// fast.
#include "runtime/boot_info.h"
#include "runtime/console.h"
#include "runtime/io_port.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr unsigned kLineSize = 64;
constexpr unsigned kNumberDigits = 8;

void make_line(std::uint64_t number, char (&line)[kLineSize]) {
    for (unsigned i = 0; i < kNumberDigits; ++i) {
        line[kNumberDigits - 1 - i] = static_cast<char>('0' + number % 10);
        number /= 10;
    }
    line[kNumberDigits] = ' ';
    line[kLineSize - 1] = '\n';
}

}  // namespace

std::uint8_t run() {
    const std::uint64_t bytes = option("bytes", std::uint64_t{65536});
    const bool wait = !(option("wait", "line_status") == text("none"));
    char line[kLineSize];
    for (unsigned i = kNumberDigits + 1; i < kLineSize - 1; ++i) {
        line[i] = static_cast<char>('a' + i % 26);
    }
    std::uint64_t left = bytes;
    for (std::uint64_t number = 0; left > 0; ++number) {
        make_line(number, line);
        const std::size_t size = left < kLineSize ? left : kLineSize;
        if (wait) {
            put_string({line, size});
        } else {
            out8_string(kSerialPort, reinterpret_cast<const std::uint8_t*>(line), size);
        }
        left -= size;
    }
    return 0;
}

}  // namespace payload
