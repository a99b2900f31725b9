// SPDX-License-Identifier: Apache-2.0
// Plays bus accesses, host input and a reader that is sometimes slow, decoded from the input,
// against the serial port. Three bytes an action: what, where, value.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/check.h"
#include "base/irq_line.h"
#include "devices/bus/bus.h"
#include "devices/host_side/host_output.h"
#include "devices/host_side/output_buffer.h"
#include "devices/serial/uart_16550.h"
#include "devices/serial/uart_16550_registers.h"

namespace {

using namespace skiff;
using namespace skiff::devices;

constexpr std::uint64_t kBase = 0x3f8;

class CountingLine final : public IrqLine {
  public:
    void trigger() override { ++count; }
    std::uint64_t count = 0;
};

class SlowReader final : public HostOutput {
  public:
    std::size_t write(std::span<const std::uint8_t> bytes) override {
        const std::size_t taken = std::min(bytes.size(), allowance);
        allowance -= taken;
        total += taken;
        return taken;
    }
    std::size_t allowance = 0;
    std::uint64_t total = 0;
};

struct Machine {
    CountingLine line;
    SlowReader reader;
    OutputBuffer buffer{reader, 64};
    Uart16550 uart{line, buffer};
    Bus ports;
    std::uint64_t printed = 0;  // bytes that the guest sent to the outside

    Machine() {
        buffer.set_observer(
            [this](std::span<const std::uint8_t> bytes) { printed += bytes.size(); });
        buffer.set_callbacks({}, [this] { uart.transmitter_ready(); });
        SKIFF_CHECK(ports.insert({GuestAddress(kBase), uart::kRegisterCount}, "serial", uart).ok());
    }

    std::uint8_t read(std::uint64_t offset) {
        std::array<std::uint8_t, 1> byte{};
        ports.read(kBase + offset, byte);
        return byte[0];
    }
    void write(std::uint64_t offset, std::uint8_t value) {
        const std::array<std::uint8_t, 1> byte{value};
        ports.write(kBase + offset, byte);
    }

    void play(std::uint8_t what, std::uint8_t where, std::uint8_t value) {
        switch (what % 8) {
            case 0:
            case 1:
                // A real guest is held; here nobody else would make room.
                if (where % uart::kRegisterCount == uart::kData && buffer.waiting_bytes() >= 60) {
                    reader.allowance = 64;
                    (void)buffer.drain();
                }
                write(where % uart::kRegisterCount, value);
                break;
            case 2:
                (void)read(where % uart::kRegisterCount);
                break;
            case 3: {
                std::array<std::uint8_t, 8> wide{};
                ports.read(kBase - 8 + where % 24, std::span(wide).first(value % 9));
                break;
            }
            case 4: {
                const std::array<std::uint8_t, 256> bytes{};
                const std::size_t room = uart.input_room();
                const std::size_t taken = uart.receive(std::span(bytes).first(value));
                SKIFF_CHECK(taken == std::min<std::size_t>(value, room));
                break;
            }
            case 5:
                reader.allowance = value;
                (void)buffer.drain();
                break;
            case 6:
                if (value < 4) {
                    uart.receive_break();
                }
                break;
            default:
                if (value < 4) {
                    uart.reset();
                }
        }
    }

    /// Whatever was done to it: nothing that was printed is lost, the port can be set up again, and
    /// then it works.
    void check_it_still_works() {
        reader.allowance = ~std::size_t{0};
        SKIFF_CHECK(!buffer.drain());
        SKIFF_CHECK(reader.total == printed);
        SKIFF_CHECK(buffer.dropped_bytes() == 0);

        write(uart::kLineControl, 0x03);
        write(uart::kModemControl, 0x0b);
        write(uart::kInterruptEnable, 0);
        write(uart::kInterruptIdent, 0x07);
        write(uart::kInterruptEnable, uart::kIerReceivedData);
        for (unsigned i = 0; i < 2 * Uart16550State::kInputSize; ++i) {
            if ((read(uart::kLineStatus) & uart::kLsrDataReady) == 0) {
                break;
            }
            (void)read(uart::kData);
        }
        SKIFF_CHECK((read(uart::kLineStatus) & ~uart::kLsrOverrun) == 0x60);
        const std::uint64_t edges = line.count;
        const std::uint8_t byte = 'x';
        SKIFF_CHECK(uart.receive({&byte, 1}) == 1);
        SKIFF_CHECK(line.count == edges + 1);
        SKIFF_CHECK(read(uart::kData) == 'x');
        write(uart::kData, 'y');
        SKIFF_CHECK(reader.total == printed);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto machine = std::make_unique<Machine>();
    const std::span input(data, size);
    for (std::size_t at = 0; at + 3 <= input.size(); at += 3) {
        machine->play(input[at], input[at + 1], input[at + 2]);
    }
    machine->check_it_still_works();
    return 0;
}
