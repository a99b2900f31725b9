// SPDX-License-Identifier: Apache-2.0
// Ports that nobody claims: reads give all-ones at every width, single and string; writes vanish.
// `port=` is the first of four such ports.
#include "runtime/boot_info.h"
#include "runtime/expect.h"
#include "runtime/io_port.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::size_t kStringLength = 300;
std::uint8_t bytes[kStringLength];
std::uint16_t words[kStringLength];
std::uint32_t longs[kStringLength];

template <typename T>
bool all_ones(const T (&values)[kStringLength]) {
    for (T value : values) {
        if (value != static_cast<T>(~T{0})) {
            return false;
        }
    }
    return true;
}

}  // namespace

std::uint8_t run() {
    const auto port = static_cast<std::uint16_t>(option("port", std::uint64_t{0x1230}));
    Expectations expect;
    expect.equal("inb", in8(port), 0xff);
    expect.equal("inw", in16(port), 0xffff);
    expect.equal("inl", in32(port), 0xffffffff);
    expect.equal("inw, odd port", in16(port + 1), 0xffff);
    expect.equal("inl, odd port", in32(port + 3), 0xffffffff);
    expect.equal("inl at the last port", in32(0xfffc), 0xffffffff);

    out8(port, 0x12);
    out16(port, 0x1234);
    out32(port, 0x12345678);
    expect.equal("inl after writes", in32(port), 0xffffffff);

    in8_string(port, bytes, kStringLength);
    in16_string(port, words, kStringLength);
    in32_string(port, longs, kStringLength);
    expect.is_true("rep insb gives all-ones", all_ones(bytes));
    expect.is_true("rep insw gives all-ones", all_ones(words));
    expect.is_true("rep insl gives all-ones", all_ones(longs));
    out8_string(port, bytes, kStringLength);
    out32_string(port, longs, kStringLength);

    const char greeting[] = "sent by rep outsb\n";
    out8_string(kSerialPort, reinterpret_cast<const std::uint8_t*>(greeting), sizeof(greeting) - 1);
    return expect.verdict();
}

}  // namespace payload
