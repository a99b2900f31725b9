// SPDX-License-Identifier: Apache-2.0
#include "devices/power_control.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "devices/power_control_registers.h"
#include "recording_irq_line.h"
#include "register_access.h"

namespace skiff::devices {
namespace {

using test::read8;
using test::write8;

constexpr std::uint64_t kSleepControl = 0;
constexpr std::uint64_t kSleepStatus = 1;
constexpr std::uint64_t kReset = 2;
constexpr std::uint64_t kExitStatus = 3;
constexpr std::uint64_t kEvent = 4;

class RecordingSink : public PowerSink {
  public:
    void power_off(std::uint8_t status) override { add("power-off ", status); }
    void reset(std::uint8_t status) override { add("reset ", status); }

    std::vector<std::string> events;

  private:
    void add(const char* what, unsigned status) { events.push_back(what + std::to_string(status)); }
};

struct Fixture {
    RecordingSink sink;
    test::RecordingIrqLine irq;
    PowerControl device{sink, irq};
};

}  // namespace

TEST_CASE_METHOD(Fixture, "Power control: S5 with SLP_EN powers off with the exit status") {
    write8(device, kExitStatus, 42);
    REQUIRE(sink.events.empty());
    write8(device, kSleepControl, 5 << 2 | 1 << 5);
    REQUIRE(sink.events == std::vector<std::string>{"power-off 42"});
}

TEST_CASE_METHOD(Fixture, "Power control: the exit status is 0 unless written") {
    write8(device, kSleepControl, 0x34);
    write8(device, kReset, 1);
    REQUIRE(sink.events == std::vector<std::string>{"power-off 0", "reset 0"});
}

TEST_CASE_METHOD(Fixture, "Power control: only S5 together with SLP_EN powers off") {
    for (unsigned value = 0; value < 256; ++value) {
        sink.events.clear();
        write8(device, kSleepControl, value);
        const bool powers_off = (value & 0x20) != 0 && (value >> 2 & 7) == 5;
        INFO(value);
        REQUIRE(sink.events.size() == (powers_off ? 1 : 0));
        REQUIRE(read8(device, kSleepControl) == (value & 0x1c));  // SLP_EN reads 0
    }
}

TEST_CASE_METHOD(Fixture, "Power control: only the reset value resets, with the exit status") {
    write8(device, kExitStatus, 7);
    for (unsigned value = 0; value < 256; ++value) {
        write8(device, kReset, value);
    }
    REQUIRE(sink.events == std::vector<std::string>{"reset 7"});
    REQUIRE(read8(device, kReset) == 0);
}

TEST_CASE_METHOD(Fixture, "Power control: a reset by another device has the exit status too") {
    write8(device, kExitStatus, 9);
    device.pull_reset();
    REQUIRE(sink.events == std::vector<std::string>{"reset 9"});
}

TEST_CASE_METHOD(Fixture, "Power control: the button interrupts, and its event clears by reading") {
    REQUIRE(read8(device, kEvent) == 0);
    device.press_power_button();
    REQUIRE(irq.take() == 1);
    REQUIRE(read8(device, kEvent) == power_control::kEventPowerButton);
    REQUIRE(read8(device, kEvent) == 0);

    device.press_power_button();
    device.press_power_button();
    REQUIRE(irq.take() == 2);
    write8(device, kEvent, 0xff);  // read-only
    REQUIRE(read8(device, kEvent) == power_control::kEventPowerButton);
    REQUIRE(read8(device, kEvent) == 0);
    REQUIRE(sink.events.empty());
}

TEST_CASE_METHOD(Fixture, "Power control: the sleep status never says that the machine woke") {
    write8(device, kSleepStatus, 0x80);
    REQUIRE(read8(device, kSleepStatus) == 0);
}

TEST_CASE_METHOD(Fixture, "Power control: refuses other widths and offsets without effect") {
    for (const std::size_t width : {2U, 4U, 8U}) {
        for (std::uint64_t offset = 0; offset <= kEvent; ++offset) {
            REQUIRE(test::try_read(device, offset, width) == Access::kBadWidth);
            REQUIRE(test::try_write(device, offset, width) == Access::kBadWidth);
        }
    }
    for (const std::uint64_t offset : {5ULL, 7ULL, 0xfffULL, 0x100ULL, ~0ULL}) {
        REQUIRE(test::try_read(device, offset, 1) == Access::kUnknownRegister);
        REQUIRE(test::try_write(device, offset, 1) == Access::kUnknownRegister);
    }
    REQUIRE(sink.events.empty());
    REQUIRE(irq.take() == 0);
}

TEST_CASE_METHOD(Fixture, "Power control: a machine for a command hears of it") {
    struct Events : CommandEvents {
        void command_state(std::uint8_t state, std::uint8_t status) override {
            said += "state " + std::to_string(state) + " " + std::to_string(status) + ";";
        }
        void input_credit(std::uint8_t units) override {
            said += "credit " + std::to_string(units) + ";";
        }
        std::string said;
    } events;
    device.set_command_events(events);
    write8(device, 5, 1);
    write8(device, 6, 255);
    write8(device, kExitStatus, 37);
    write8(device, 5, 4);
    CHECK(events.said == "state 1 0;credit 255;state 4 37;");
    CHECK(read8(device, 5) == 4);
    CHECK(read8(device, 6) == 0);
    CHECK(test::try_write(device, 7, 1) == Access::kUnknownRegister);
    CHECK(test::try_write(device, 5, 2) == Access::kBadWidth);
    device.reset();
    CHECK(read8(device, 5) == 0);
    CHECK(sink.events.empty());
}

TEST_CASE_METHOD(Fixture, "Power control: reset restores the constructed state") {
    write8(device, kSleepControl, 3 << 2);
    write8(device, kExitStatus, 3);
    device.press_power_button();
    device.reset();
    for (std::uint64_t offset = 0; offset <= kEvent; ++offset) {
        INFO(offset);
        REQUIRE(read8(device, offset) == 0);
    }
}

}  // namespace skiff::devices
