// SPDX-License-Identifier: Apache-2.0
// Flow control of the UART in both directions: what no single register sequence shows.
#include <catch2/catch.hpp>

#include <chrono>
#include <future>
#include <string>

#include "serial_fakes.h"

using namespace skiff::devices;
using namespace skiff::devices::test;
using namespace skiff::devices::uart;

namespace {

constexpr std::size_t kCapacity = 64;
constexpr auto kDeadline = std::chrono::seconds(10);
constexpr auto kStillHeld = std::chrono::milliseconds(20);

void transmit(UartUnderTest& device, const std::string& text) {
    for (const char c : text) {
        device.write(kData, static_cast<unsigned char>(c));
    }
}

/// Reads as a driver does: while LSR says that there is data, at most `limit` bytes.
std::string read_available(UartUnderTest& device, std::size_t limit = 1'000'000) {
    std::string text;
    while (text.size() < limit && (device.read(kLineStatus) & kLsrDataReady) != 0) {
        text += static_cast<char>(device.read(kData));
    }
    return text;
}

std::string pattern(std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t i = 0; i < size; ++i) {
        text[i] = static_cast<char>('!' + i % 90);
    }
    return text;
}

}  // namespace

TEST_CASE("UART with a full output buffer shows no THRE and interrupts when there is room") {
    UartUnderTest device(0, kCapacity);
    device.set_up(kIerTransmitterEmpty);
    transmit(device, std::string(kCapacity - 15, 'x'));
    (void)device.irq.take();
    CHECK(device.read(kLineStatus) == 0);
    CHECK(device.read(kInterruptIdent) == (kIirFifosEnabled | kIirNone));
    device.write(kInterruptEnable, 0);
    device.write(kInterruptEnable, kIerTransmitterEmpty);  // no THRE to report
    CHECK(device.irq.take() == 0);

    device.output.allow(ThrottledOutput::kUnlimited);
    (void)device.buffer.drain();
    CHECK(device.irq.take() == 1);
    CHECK(device.read(kLineStatus) == (kLsrHoldingEmpty | kLsrTransmitterEmpty));
    CHECK(device.read(kInterruptIdent) == (kIirFifosEnabled | kIirTransmitterEmpty));
}

TEST_CASE("UART loses nothing of a guest that never looks at LSR") {
    UartUnderTest device(0, kCapacity);
    const std::string text = pattern(5000);
    auto guest = std::async(std::launch::async, [&] { transmit(device, text); });
    CHECK(guest.wait_for(kStillHeld) == std::future_status::timeout);
    // While it is held, other vCPUs use the port.
    CHECK(device.read(kLineStatus) == 0);
    device.write(kScratch, 0x77);
    CHECK(device.read(kScratch) == 0x77);

    const auto give_up = std::chrono::steady_clock::now() + kDeadline;
    while (device.output.text().size() < text.size() &&
           std::chrono::steady_clock::now() < give_up) {
        device.output.allow(7);
        (void)device.buffer.drain();
    }
    REQUIRE(guest.wait_for(kDeadline) == std::future_status::ready);
    CHECK(device.output.text() == text);
}

TEST_CASE("UART lets a held guest go at release") {
    UartUnderTest device(0, kCapacity);
    transmit(device, std::string(kCapacity, 'x'));
    auto guest = std::async(std::launch::async, [&] { transmit(device, "y"); });
    CHECK(guest.wait_for(kStillHeld) == std::future_status::timeout);
    device.buffer.release();
    CHECK(guest.wait_for(kDeadline) == std::future_status::ready);
}

TEST_CASE("UART's loopback works while the output buffer is full") {
    UartUnderTest device(0, kCapacity);
    transmit(device, std::string(kCapacity, 'x'));
    device.write(kModemControl, kMcrLoopback);
    CHECK(device.read(kLineStatus) == (kLsrHoldingEmpty | kLsrTransmitterEmpty));
    device.write(kData, 'l');
    CHECK(device.read(kData) == 'l');
}

TEST_CASE("UART's FIFO holds sixteen looped-back bytes, as Linux measures it") {
    UartUnderTest device;
    device.write(kInterruptIdent, kFcrEnable | kFcrClearReceiver | kFcrClearTransmitter);
    device.write(kModemControl, kMcrLoopback);
    const std::string text = pattern(256);
    transmit(device, text);
    CHECK((device.read(kLineStatus) & kLsrOverrun) != 0);
    CHECK(read_available(device) == text.substr(0, kFifoDepth));
    CHECK(device.output.text().empty());
}

TEST_CASE("UART reports received data at the trigger level and a timeout below it") {
    struct Case {
        unsigned fcr;
        std::size_t level;
    };
    for (const Case& c : {Case{0x01, 1}, Case{0x41, 4}, Case{0x81, 8}, Case{0xc1, 14}}) {
        CAPTURE(c.level);
        UartUnderTest device;
        device.write(kInterruptIdent, c.fcr);
        device.write(kModemControl, kMcrOut2);
        (void)device.receive(std::string(c.level, 'r'));
        device.write(kInterruptEnable, kIerReceivedData);
        CHECK(device.irq.take() == 1);
        CHECK(device.read(kInterruptIdent) == (kIirFifosEnabled | kIirReceivedData));
        if (c.level > 1) {
            (void)device.read(kData);
            CHECK(device.read(kInterruptIdent) == (kIirFifosEnabled | kIirCharacterTimeout));
        }
        (void)read_available(device);
        CHECK(device.read(kInterruptIdent) == (kIirFifosEnabled | kIirNone));
        (void)device.receive("again");
        CHECK(device.irq.take() == 1);
    }
}

TEST_CASE("UART keeps early input until the guest enables the interrupt, through its start-up") {
    UartUnderTest device;
    CHECK(device.receive("early input") == 11);
    // Linux' start-up: clear the FIFOs, read LSR, RBR, IIR, MSR; some LSR reads; only then IER.
    for (const unsigned fcr : {0x01U, 0x07U, 0x00U}) {
        device.write(kInterruptIdent, fcr);
    }
    for (int i = 0; i < 3; ++i) {
        CHECK((device.read(kLineStatus) & kLsrDataReady) == 0);
        CHECK(device.read(kData) == 0);
        (void)device.read(kInterruptIdent);
        (void)device.read(kModemStatus);
    }
    device.write(kModemControl, kMcrDtr | kMcrRts | kMcrOut2);
    CHECK(device.irq.take() == 0);
    device.write(kInterruptEnable, kIerReceivedData | kIerLineStatus);
    CHECK(device.irq.take() == 1);
    device.write(kInterruptIdent, 0x81);  // set_termios: enabling the FIFOs clears them
    CHECK(read_available(device) == "early input");
}

TEST_CASE("UART gives back what the guest cleared unread, and keeps it while nobody listens") {
    UartUnderTest device;
    device.set_up(kIerReceivedData);
    (void)device.receive("0123456789abcdefghij");
    CHECK(device.read(kData) == '0');
    device.write(kInterruptEnable, 0);
    device.write(kInterruptIdent, kFcrEnable | kFcrClearReceiver);
    CHECK((device.read(kLineStatus) & kLsrDataReady) == 0);
    device.write(kInterruptEnable, kIerReceivedData);
    CHECK(read_available(device) == "123456789abcdefghij");
}

TEST_CASE("UART gives input to a guest that polls LSR for it, but not to one that sends") {
    UartUnderTest device;
    (void)device.receive("in");
    for (int i = 0; i < 100; ++i) {  // a console that prints: one look at LSR a byte
        CHECK((device.read(kLineStatus) & kLsrDataReady) == 0);
        device.write(kData, 'o');
    }
    int polls = 0;
    while ((device.read(kLineStatus) & kLsrDataReady) == 0 && polls < 1000) {
        ++polls;
    }
    CHECK(polls == Uart16550::kIdlePolls);
    CHECK(read_available(device) == "in");
}

TEST_CASE("UART lets an interrupt handler end that always finds more, and interrupts again") {
    UartUnderTest device;
    device.set_up(kIerReceivedData | kIerTransmitterEmpty);
    (void)device.irq.take();
    std::size_t rounds = 0;
    for (int handled = 0; handled < 10; ++handled) {
        // As Linux' handler, while others always have more to print.
        rounds = 0;
        while (device.read(kInterruptIdent) != (kIirFifosEnabled | kIirNone)) {
            REQUIRE(++rounds < 512);
            transmit(device, "0123456789abcdef");
            (void)device.irq.take();
        }
        CHECK(rounds == Uart16550::kMaxBusyIdents);
        CHECK(device.irq.take() == 1);
    }
    // Input that never ends is the same.
    device.write(kInterruptEnable, kIerReceivedData);
    (void)device.read(kInterruptIdent);
    rounds = 0;
    (void)device.receive("more");
    (void)device.irq.take();
    while (device.read(kInterruptIdent) != (kIirFifosEnabled | kIirNone)) {
        REQUIRE(++rounds < 512);
        (void)read_available(device);
        (void)device.receive("more");
        (void)device.irq.take();
    }
    CHECK(device.irq.take() == 1);
    CHECK(read_available(device) == "more");
}

TEST_CASE("UART takes 100 KB of pasted text whole, as fast as the guest reads") {
    UartUnderTest device;
    device.set_up(kIerReceivedData);
    int room_calls = 0;
    bool may_send = true;
    device.uart.set_on_input_room([&] {
        ++room_calls;
        may_send = true;
    });
    const std::string text = pattern(100 * 1024);
    std::string arrived;
    std::size_t sent = 0;
    while (arrived.size() < text.size()) {
        while (may_send && sent < text.size()) {
            sent += device.receive(text.substr(sent, 1000));
            may_send = device.uart.input_room() > 0;
        }
        const std::string part = read_available(device, 300);  // 0: nobody would wake us
        REQUIRE_FALSE(part.empty());
        arrived += part;
    }
    CHECK(arrived == text);
    CHECK(room_calls > 10);    // the host side is woken when it was refused,
    CHECK(room_calls < 1000);  // and not for every byte
    CHECK((device.read(kLineStatus) & kLsrOverrun) == 0);
}

TEST_CASE("UART bounds the input that it takes for a guest that does not read") {
    UartUnderTest device;
    const std::size_t room = device.uart.input_room();
    CHECK(room >= 1024);
    CHECK(device.receive(std::string(room + 500, 'x')) == room);
    CHECK(device.uart.input_room() == 0);
    CHECK(device.receive("more") == 0);
}

TEST_CASE("UART's clearing of a FIFO in a full input queue loses nothing") {
    UartUnderTest device;
    device.set_up(kIerReceivedData);
    const std::string text = pattern(8000);
    std::size_t sent = device.receive(text);
    sent += device.receive(text.substr(sent));  // what moved to the FIFO made room
    for (int i = 0; i < 10; ++i) {
        device.write(kInterruptIdent, kFcrEnable | kFcrClearReceiver);
        sent += device.receive(text.substr(sent));
    }
    CHECK(read_available(device) == text.substr(0, sent));
}

TEST_CASE("UART refuses what is not a byte access or not its register") {
    UartUnderTest device;
    std::array<std::uint8_t, 8> data{};
    for (const std::size_t width : {std::size_t{2}, std::size_t{4}, std::size_t{8}}) {
        CHECK(device.uart.read(0, std::span(data).first(width)) == Access::kBadWidth);
        CHECK(device.uart.write(0, std::span(data).first(width)) == Access::kBadWidth);
    }
    CHECK(device.uart.read(8, std::span(data).first(1)) == Access::kUnknownRegister);
    CHECK(device.uart.write(~0ULL, std::span(data).first(1)) == Access::kUnknownRegister);
    CHECK(device.output.text().empty());
}

TEST_CASE("UART's reset drops waiting input and tells the host side that there is room") {
    UartUnderTest device;
    int room_calls = 0;
    device.uart.set_on_input_room([&] { ++room_calls; });
    (void)device.receive(std::string(device.uart.input_room(), 'x'));
    CHECK(device.uart.input_room() == 0);
    device.uart.reset();
    CHECK(room_calls == 1);
    device.write(kInterruptEnable, kIerReceivedData);
    CHECK(read_available(device).empty());
}
