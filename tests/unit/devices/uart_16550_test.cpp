// SPDX-License-Identifier: Apache-2.0
#include "devices/serial/uart_16550.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "serial_fakes.h"

using namespace skiff::devices;
using namespace skiff::devices::test;
using namespace skiff::devices::uart;

namespace {

/// One step of a driver: an access or an event on the line, what a read gives, and how many
/// interrupts came because of it.
struct Step {
    enum class Kind { kRead, kWrite, kReceive, kBreak };
    Kind kind;
    std::uint64_t offset;
    unsigned value;
    int edges;
};

Step rd(std::uint64_t offset, unsigned expected, int edges = 0) {
    return {Step::Kind::kRead, offset, expected, edges};
}
Step wr(std::uint64_t offset, unsigned value, int edges = 0) {
    return {Step::Kind::kWrite, offset, value, edges};
}
Step rx(char byte, int edges = 0) {
    return {Step::Kind::kReceive, 0, static_cast<unsigned char>(byte), edges};
}
Step brk(int edges = 0) {
    return {Step::Kind::kBreak, 0, 0, edges};
}

struct Sequence {
    const char* name;
    std::vector<Step> steps;
    std::string output;
};

void play(UartUnderTest& device, const Sequence& sequence) {
    std::size_t index = 0;
    for (const Step& step : sequence.steps) {
        CAPTURE(sequence.name, index, step.offset);
        switch (step.kind) {
            case Step::Kind::kRead:
                CHECK(static_cast<unsigned>(device.read(step.offset)) == step.value);
                break;
            case Step::Kind::kWrite:
                device.write(step.offset, step.value);
                break;
            case Step::Kind::kReceive:
                CHECK(device.receive(std::string(1, static_cast<char>(step.value))) == 1);
                break;
            case Step::Kind::kBreak:
                device.uart.receive_break();
                break;
        }
        CHECK(device.irq.take() == step.edges);
        ++index;
    }
    CHECK(device.output.text() == sequence.output);
}

constexpr std::uint64_t kThr = kData, kRbr = kData, kIer = kInterruptEnable, kIir = kInterruptIdent,
                        kFcr = kInterruptIdent, kLcr = kLineControl, kMcr = kModemControl,
                        kLsr = kLineStatus, kMsr = kModemStatus;
constexpr unsigned kOut2 = kMcrOut2;

const std::vector<Sequence>& sequences() {
    static const std::vector<Sequence> table = {
        {"registers after construction",
         {rd(kRbr, 0), rd(kIer, 0), rd(kIir, 0x01), rd(kLcr, 0), rd(kMcr, 0), rd(kLsr, 0x60),
          rd(kMsr, 0xb0), rd(kScratch, 0)},
         ""},
        {"scratch keeps every bit",
         {wr(kScratch, 0xa5), rd(kScratch, 0xa5), wr(kScratch, 0x5a), rd(kScratch, 0x5a)},
         ""},
        {"reserved bits of IER and MCR read as zero",
         {wr(kIer, 0xf0), rd(kIer, 0), wr(kMcr, 0xe0), rd(kMcr, 0)},
         ""},
        {"LSR and MSR ignore writes",
         {wr(kLsr, 0xff), rd(kLsr, 0x60), wr(kMsr, 0x0f), rd(kMsr, 0xb0)},
         ""},
        {"DLAB switches the first two registers to the divisor latch",
         {wr(kLcr, 0x83), wr(0, 0x34), wr(1, 0x12), rd(0, 0x34), rd(1, 0x12), wr(kLcr, 0x03),
          rd(kIer, 0), rd(kLcr, 0x03), wr(kThr, 'x'), wr(kLcr, 0x80), rd(0, 0x34)},
         "x"},
        {"the FIFOs show in IIR while enabled, and other FCR bits need the enable bit",
         {wr(kFcr, 0xc0), rd(kIir, 0x01), wr(kFcr, 0x01), rd(kIir, 0xc1), wr(kFcr, 0x00),
          rd(kIir, 0x01)},
         ""},
        {"Linux' probe: loopback reflects the modem outputs, the FIFO is a 16550A's",
         {wr(kIer, 0), rd(kIer, 0), wr(kIer, 0x0f), rd(kIer, 0x0f), wr(kIer, 0), wr(kMcr, 0x1a),
          rd(kMsr, 0x92), rd(kMsr, 0x90), wr(kMcr, 0), wr(kLcr, 0xbf), wr(kFcr, 0), wr(kLcr, 0),
          wr(kFcr, 0x01), rd(kIir, 0xc1), wr(kFcr, 0x21), rd(kIir, 0xc1)},
         ""},
        {"each modem output loops back to its input",
         {wr(kMcr, 0x10), rd(kMsr, 0x0b), wr(kMcr, 0x12), rd(kMsr, 0x11), wr(kMcr, 0x11),
          rd(kMsr, 0x23), wr(kMcr, 0x14), rd(kMsr, 0x42), wr(kMcr, 0x18), rd(kMsr, 0x8c),
          wr(kMcr, 0x10), rd(kMsr, 0x08)},
         ""},
        {"transmitting: THRE interrupt on enable, acknowledged by IIR, back after a write",
         {wr(kMcr, kOut2), wr(kIer, 0x02, 1), rd(kIir, 0x02), rd(kIir, 0x01), wr(kThr, 'a', 1),
          rd(kLsr, 0x60), rd(kIir, 0x02), rd(kIir, 0x01), wr(kIer, 0), wr(kThr, 'b')},
         "ab"},
        {"Linux' THRE test: enabling the interrupt again raises it again",
         {wr(kMcr, kOut2), wr(kIer, 0x02, 1), rd(kIir, 0x02), wr(kIer, 0), wr(kIer, 0x02, 1),
          rd(kIir, 0x02), wr(kIer, 0), rd(kIir, 0x01)},
         ""},
        {"one burst of THR writes is one edge, as with a FIFO that runs empty",
         {wr(kFcr, 0x01), wr(kMcr, kOut2), wr(kIer, 0x02, 1), rd(kIir, 0xc2), wr(kThr, '1', 1),
          wr(kThr, '2'), wr(kThr, '3'), rd(kLsr, 0x60), wr(kThr, '4', 1), wr(kThr, '5')},
         "12345"},
        {"OUT2 gates the interrupt line, not IIR",
         {wr(kIer, 0x02), rd(kIir, 0x02), wr(kThr, 'a'), wr(kMcr, kOut2, 1), wr(kMcr, 0),
          wr(kMcr, kOut2, 1), rd(kIir, 0x02)},
         "a"},
        {"receiving without FIFO: RDA interrupt, cleared by reading RBR",
         {wr(kMcr, kOut2), wr(kIer, 0x01), rx('x', 1), rd(kIir, 0x04), rd(kIir, 0x04),
          rd(kLsr, 0x61), rd(kRbr, 'x'), rd(kIir, 0x01), rd(kLsr, 0x60), rd(kRbr, 0)},
         ""},
        {"receiving: a character below the trigger level is a timeout, at the level it is RDA",
         {wr(kFcr, 0x41), wr(kMcr, kOut2), wr(kIer, 0x01), rx('1', 1), rd(kIir, 0xcc),
          rd(kRbr, '1'), rd(kIir, 0xc1)},
         ""},
        {"priorities: line status, data, THRE, modem; each cleared in its own way",
         {wr(kMcr, kOut2), wr(kIer, 0x0f, 1), brk(0), wr(kMcr, kOut2 | 0x10), rd(kIir, 0x06),
          rd(kLsr, 0x79), rd(kIir, 0x04), rd(kRbr, 0), rd(kIir, 0x02), rd(kIir, 0x00),
          rd(kMsr, 0x83), rd(kIir, 0x01)},
         ""},
        {"a break arrives as a zero with BI and FE, which reading LSR clears",
         {wr(kFcr, 0x01), wr(kMcr, kOut2), wr(kIer, 0x04), brk(1), rd(kLsr, 0xf9), rd(kLsr, 0x61),
          rd(kRbr, 0), rd(kLsr, 0x60)},
         ""},
        {"loopback: bytes come back and do not leave",
         {wr(kFcr, 0x01), wr(kMcr, 0x10), wr(kThr, 'a'), wr(kThr, 'b'), rd(kLsr, 0x61),
          rd(kRbr, 'a'), rd(kRbr, 'b'), rd(kLsr, 0x60)},
         ""},
        {"loopback raises data interrupts too",
         {wr(kMcr, 0x10 | kOut2), rd(kMsr, 0x8b - 0x08), wr(kIer, 0x01), wr(kThr, 'a', 1),
          rd(kIir, 0x04), rd(kRbr, 'a'), rd(kIir, 0x01)},
         ""},
        {"overrun without FIFO: the last byte wins, OE is set until LSR is read",
         {wr(kMcr, 0x10), wr(kThr, 'a'), wr(kThr, 'b'), rd(kLsr, 0x63), rd(kLsr, 0x61),
          rd(kRbr, 'b'), rd(kLsr, 0x60)},
         ""},
        {"host input waits while looped back",
         {wr(kIer, 0x01), wr(kMcr, 0x10), rx('h'), rd(kLsr, 0x60), wr(kThr, 'l'), rd(kRbr, 'l'),
          rd(kLsr, 0x60), wr(kMcr, 0x00), rd(kLsr, 0x61), rd(kRbr, 'h')},
         ""},
        {"modem interrupt, cleared by reading MSR",
         {wr(kMcr, kOut2), wr(kIer, 0x08), wr(kMcr, 0x10 | kOut2, 1), rd(kIir, 0x00),
          rd(kMsr, 0x83), rd(kIir, 0x01)},
         ""},
    };
    return table;
}

}  // namespace

TEST_CASE("UART answers register sequences with the specified bytes and interrupts") {
    for (const Sequence& sequence : sequences()) {
        UartUnderTest device;
        play(device, sequence);
    }
}

TEST_CASE("UART's reset restores the constructed state, whatever was done before") {
    for (const Sequence& sequence : sequences()) {
        UartUnderTest device;
        for (const Step& step : sequence.steps) {
            switch (step.kind) {
                case Step::Kind::kRead:
                    (void)device.read(step.offset);
                    break;
                case Step::Kind::kWrite:
                    device.write(step.offset, step.value);
                    break;
                case Step::Kind::kReceive:
                    (void)device.receive("r");
                    break;
                case Step::Kind::kBreak:
                    device.uart.receive_break();
                    break;
            }
        }
        for (const Sequence& again : sequences()) {
            const std::string before = device.output.text();
            device.uart.reset();
            (void)device.irq.take();
            CAPTURE(sequence.name);
            play(device, {again.name, again.steps, before + again.output});
        }
    }
}
