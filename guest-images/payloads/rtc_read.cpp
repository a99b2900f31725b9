// SPDX-License-Identifier: Apache-2.0
// Prints the time of the CMOS real-time clock as ISO 8601, and its status registers (Motorola
// MC146818A; the century at 0x32 is where PC firmware keeps it).
#include "runtime/console.h"
#include "runtime/io_port.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint16_t kIndexPort = 0x70;
constexpr std::uint16_t kDataPort = 0x71;
constexpr std::uint8_t kSeconds = 0x00;
constexpr std::uint8_t kMinutes = 0x02;
constexpr std::uint8_t kHours = 0x04;
constexpr std::uint8_t kDay = 0x07;
constexpr std::uint8_t kMonth = 0x08;
constexpr std::uint8_t kYear = 0x09;
constexpr std::uint8_t kStatusA = 0x0a;
constexpr std::uint8_t kStatusB = 0x0b;
constexpr std::uint8_t kStatusD = 0x0d;
constexpr std::uint8_t kCentury = 0x32;

constexpr std::uint8_t kUpdateInProgress = 1 << 7;
constexpr std::uint8_t kBinaryMode = 1 << 2;

std::uint8_t read(std::uint8_t index) {
    out8(kIndexPort, index);
    return in8(kDataPort);
}

std::uint64_t number(std::uint8_t index) {
    const std::uint8_t value = read(index);
    return (read(kStatusB) & kBinaryMode) != 0 ? value : (value >> 4) * 10u + (value & 0x0f);
}

}  // namespace

std::uint8_t run() {
    for (unsigned tries = 0; tries < 100'000 && (read(kStatusA) & kUpdateInProgress) != 0;
         ++tries) {
    }
    // Read again where a second went by in the middle.
    std::uint64_t seconds = 0;
    std::uint64_t minutes = 0;
    std::uint64_t hours = 0;
    std::uint64_t day = 0;
    std::uint64_t month = 0;
    std::uint64_t year = 0;
    do {
        seconds = number(kSeconds);
        minutes = number(kMinutes);
        hours = number(kHours);
        day = number(kDay);
        month = number(kMonth);
        year = number(kCentury) * 100 + number(kYear);
    } while (number(kSeconds) != seconds);
    print("rtc ", Padded{year, 4}, "-", Padded{month, 2}, "-", Padded{day, 2}, "T",
          Padded{hours, 2}, ":", Padded{minutes, 2}, ":", Padded{seconds, 2}, "\n");
    print("status A ", Hex{read(kStatusA), 2}, " B ", Hex{read(kStatusB), 2}, " D ",
          Hex{read(kStatusD), 2}, "\n");
    return 0;
}

}  // namespace payload
