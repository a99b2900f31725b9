// SPDX-License-Identifier: Apache-2.0
// What a keyboard driver's probe asks of the i8042: self-test, command byte, an empty output buffer
// (Intel 8242 data sheet; the commands are those of IBM's AT). All of it in bounded time.
#include "runtime/expect.h"
#include "runtime/io_port.h"
#include "runtime/machine_exit.h"
#include "runtime/run_payload.h"

namespace payload {
namespace {

constexpr std::uint16_t kDataPort = 0x60;
constexpr std::uint8_t kOutputFull = 1 << 0;
constexpr std::uint8_t kInputFull = 1 << 1;

constexpr std::uint8_t kReadCommandByte = 0x20;
constexpr std::uint8_t kWriteCommandByte = 0x60;
constexpr std::uint8_t kSelfTest = 0xaa;
constexpr std::uint8_t kSelfTestPassed = 0x55;

constexpr unsigned kTries = 1000;
constexpr std::uint64_t kNothing = 0x100;

void send(std::uint16_t port, std::uint8_t byte) {
    for (unsigned i = 0; i < kTries && (in8(kI8042CommandPort) & kInputFull) != 0; ++i) {
    }
    out8(port, byte);
}

std::uint64_t receive() {
    for (unsigned i = 0; i < kTries; ++i) {
        if ((in8(kI8042CommandPort) & kOutputFull) != 0) {
            return in8(kDataPort);
        }
    }
    return kNothing;
}

}  // namespace

std::uint8_t run() {
    Expectations expect;
    unsigned flushed = 0;
    while (flushed < 16 && (in8(kI8042CommandPort) & kOutputFull) != 0) {
        in8(kDataPort);
        ++flushed;
    }
    expect.is_true("the output buffer runs empty", flushed < 16);

    send(kI8042CommandPort, kSelfTest);
    expect.equal("self-test", receive(), kSelfTestPassed);

    send(kI8042CommandPort, kReadCommandByte);
    const std::uint64_t command_byte = receive();
    expect.is_true("the command byte can be read", command_byte != kNothing);
    const auto changed = static_cast<std::uint8_t>(command_byte ^ 0x01);
    send(kI8042CommandPort, kWriteCommandByte);
    send(kDataPort, changed);
    send(kI8042CommandPort, kReadCommandByte);
    expect.equal("the command byte keeps what was written", receive(), changed);

    expect.equal("then the buffer is empty", in8(kI8042CommandPort) & kOutputFull, 0);
    return expect.verdict();
}

}  // namespace payload
