// SPDX-License-Identifier: Apache-2.0
// Plays bus accesses, time and key presses, decoded from the input, against the small PC devices.
// Four bytes an action: what, where, width or argument, value.
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/irq_line.h"
#include "devices/bus/bus.h"
#include "devices/cmos_rtc.h"
#include "devices/debug_exit.h"
#include "devices/i8042.h"
#include "devices/power_control.h"
#include "devices/power_control_registers.h"

namespace {

using namespace skiff;
using namespace skiff::devices;

class CountingLine : public IrqLine {
  public:
    void trigger() override { ++count; }
    std::uint64_t count = 0;
};

class IgnoringSink : public PowerSink {
  public:
    void power_off(std::uint8_t) override {}
    void reset(std::uint8_t) override {}
};

class FakeClock : public WallClock {
  public:
    std::int64_t now_ns() const override { return now_; }
    void set_alarm(std::optional<std::int64_t> at_ns) override { alarm_ = at_ns; }
    void on_alarm(std::function<void()> callback) override { callback_ = std::move(callback); }

    void advance(std::int64_t nanoseconds) {
        now_ += nanoseconds;
        if (alarm_.has_value() && *alarm_ <= now_) {
            alarm_.reset();
            callback_();
        }
    }

  private:
    std::int64_t now_ = 1'700'000'000'000'000'000;
    std::optional<std::int64_t> alarm_;
    std::function<void()> callback_;
};

struct Machine {
    CountingLine line;
    IgnoringSink sink;
    FakeClock clock;
    PowerControl power{sink, line};
    I8042 i8042{line, power};
    CmosRtc rtc{line, clock};
    DebugExit debug_exit{[](std::uint32_t) {}};
    Bus ports;
    Bus mmio;

    Machine() {
        insert(ports, 0x60, 1, i8042.data_port());
        insert(ports, 0x64, 1, i8042.command_port());
        insert(ports, 0x70, 2, rtc);
        insert(ports, 0xf4, 4, debug_exit);
        insert(ports, power_control::kPortBase, power_control::kPortCount, power);
        insert(mmio, power_control::kMmioBase, power_control::kMmioSizeBytes, power);
    }

    static void insert(Bus& bus, std::uint64_t start, std::uint64_t size, BusDevice& device) {
        SKIFF_CHECK(bus.insert({GuestAddress(start), size}, "device", device).ok());
    }

    void play(std::uint8_t what, std::uint8_t where, std::uint8_t width, std::uint8_t value) {
        // The addresses around each device, and its own.
        static constexpr std::array<std::uint64_t, 6> kBases = {
            0x5f, 0x63, 0x6f, 0xf2, 0x5fe, power_control::kMmioBase - 2};
        const std::uint64_t address = kBases[where % kBases.size()] + where / kBases.size() % 12;
        Bus& bus = where % kBases.size() == 5 ? mmio : ports;
        std::array<std::uint8_t, 8> data{};
        data.fill(value);
        const auto bytes = std::span(data).first(std::size_t{1} << (width % 4));
        switch (what % 8) {
            case 0:
            case 1:
            case 2:
                bus.write(address, bytes);
                break;
            case 3:
            case 4:
                bus.read(address, bytes);
                break;
            case 5:
                clock.advance(std::int64_t{1} << (value % 50));
                break;
            case 6:
                power.press_power_button();
                i8042.press_ctrl_alt_del();
                break;
            default:
                if (value == 0) {
                    power.reset();
                    i8042.reset();
                    rtc.reset();
                }
        }
    }

    /// Whatever was done to it, the keyboard controller runs empty.
    void check_keyboard_ends() {
        std::array<std::uint8_t, 1> byte{};
        for (unsigned i = 0; i < 64; ++i) {
            ports.read(0x64, byte);
            if ((byte[0] & 1) == 0) {
                return;
            }
            ports.read(0x60, byte);
        }
        SKIFF_CHECK(false);
    }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Machine machine;
    const std::span input(data, size);
    for (std::size_t at = 0; at + 4 <= input.size(); at += 4) {
        machine.play(input[at], input[at + 1], input[at + 2], input[at + 3]);
    }
    machine.check_keyboard_ends();
    return 0;
}
