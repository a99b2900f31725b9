// SPDX-License-Identifier: Apache-2.0
#include "devices/i8042.h"

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "recording_irq_line.h"
#include "register_access.h"

namespace skiff::devices {
namespace {

using Bytes = std::vector<unsigned>;

class RecordingResetLine : public ResetLine {
  public:
    void pull_reset() override { ++pulls; }
    unsigned pulls = 0;
};

constexpr unsigned kFull = i8042::kStatusOutputFull;

struct Fixture {
    test::RecordingIrqLine irq;
    RecordingResetLine reset_line;
    I8042 controller{irq, reset_line};

    unsigned status() { return test::read8(controller.command_port(), 0); }
    unsigned data() { return test::read8(controller.data_port(), 0); }
    void command(unsigned byte) { test::write8(controller.command_port(), 0, byte); }
    void write(unsigned byte) { test::write8(controller.data_port(), 0, byte); }

    unsigned config() {
        command(i8042::kReadRam);
        return data();
    }
    void set_config(unsigned value) {
        command(i8042::kWriteRam);
        write(value);
    }

    /// All that is to be read, up to a bound.
    Bytes drain() {
        Bytes bytes;
        while ((status() & kFull) != 0 && bytes.size() < 100) {
            bytes.push_back(data());
        }
        return bytes;
    }
};

}  // namespace

TEST_CASE_METHOD(Fixture, "i8042: is idle, unlocked and initialised at the start") {
    REQUIRE(status() == (i8042::kStatusSystem | i8042::kStatusNotInhibited));
    REQUIRE(config() == 0x65);
    REQUIRE(drain().empty());
}

TEST_CASE_METHOD(Fixture, "i8042: controller commands answer at once") {
    struct Row {
        const char* what;
        unsigned command;
        Bytes argument;
        Bytes answer;
    };
    const std::vector<Row> rows = {
        {"self-test", 0xaa, {}, {0x55}},
        {"keyboard port test", 0xab, {}, {0x00}},
        {"mouse port test fails", 0xa9, {}, {0x01}},
        {"input port", 0xc0, {}, {0x80}},
        {"output port", 0xd0, {}, {0x03}},
        {"keyboard loop", 0xd2, {0x5a}, {0x5a}},
        {"mouse loop", 0xd3, {0x5a}, {0x5a}},
        {"mouse is silent", 0xd4, {0xff}, {0xfe}},
        {"RAM keeps a byte", 0x7f, {0x99}, {}},
        {"RAM gives it back", 0x3f, {}, {0x99}},
        {"configuration", 0x60, {0x21}, {}},
        {"configuration back", 0x20, {}, {0x21}},
        {"mouse cannot be enabled", 0xa8, {}, {}},
        {"configuration still has it off", 0x20, {}, {0x21}},
        {"nor by the configuration", 0x60, {0x01}, {}},
        {"where it stays off", 0x20, {}, {0x21}},
        {"keyboard off", 0xad, {}, {}},
        {"configuration says so", 0x20, {}, {0x31}},
        {"keyboard on", 0xae, {}, {}},
        {"configuration says so too", 0x20, {}, {0x21}},
        {"A20 off", 0xdd, {}, {}},
        {"output port says so", 0xd0, {}, {0x01}},
        {"A20 on", 0xdf, {}, {}},
        {"output port says so too", 0xd0, {}, {0x03}},
        {"unknown", 0x00, {}, {}},
        {"unknown", 0xc9, {}, {}},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        command(row.command);
        REQUIRE((status() & i8042::kStatusCommand) != 0);
        for (const unsigned byte : row.argument) {
            write(byte);
            REQUIRE((status() & i8042::kStatusCommand) == 0);
        }
        REQUIRE(drain() == row.answer);
    }
    REQUIRE(reset_line.pulls == 0);
}

TEST_CASE_METHOD(Fixture, "i8042: no answer looks like one of a mouse, but for its time-out") {
    command(i8042::kWriteAuxiliaryOutput);
    write(0x5a);
    REQUIRE((status() & i8042::kStatusAuxiliaryOutput) == 0);
    drain();
    irq.take();
    command(i8042::kWriteAuxiliary);
    write(0xf2);
    REQUIRE((status() & (i8042::kStatusAuxiliaryOutput | i8042::kStatusTimeout)) ==
            (i8042::kStatusAuxiliaryOutput | i8042::kStatusTimeout));
    REQUIRE(irq.take() == 0);
}

TEST_CASE_METHOD(Fixture, "i8042: pulsing or writing output bit 0 low resets, nothing else does") {
    for (unsigned byte = 0xf0; byte <= 0xff; ++byte) {
        reset_line.pulls = 0;
        INFO(byte);
        command(byte);
        REQUIRE(reset_line.pulls == (byte % 2 == 0 ? 1 : 0));
    }
    reset_line.pulls = 0;
    command(i8042::kWriteOutputPort);
    write(0xdf);
    REQUIRE(reset_line.pulls == 0);
    command(i8042::kWriteOutputPort);
    write(0xde);
    REQUIRE(reset_line.pulls == 1);
}

TEST_CASE_METHOD(Fixture, "i8042: keyboard commands are answered as a keyboard does") {
    set_config(0x25);  // no translation
    struct Row {
        const char* what;
        Bytes bytes;
        Bytes answer;
    };
    const std::vector<Row> rows = {
        {"reset", {0xff}, {0xfa, 0xaa}},
        {"identify", {0xf2}, {0xfa, 0xab, 0x83}},
        {"LEDs", {0xed, 0x07}, {0xfa, 0xfa}},
        {"rate", {0xf3, 0x20}, {0xfa, 0xfa}},
        {"scan code set", {0xf0, 0x00}, {0xfa, 0xfa, 0x02}},
        {"to set 1", {0xf0, 0x01}, {0xfa, 0xfa}},
        {"is set 1", {0xf0, 0x00}, {0xfa, 0xfa, 0x01}},
        {"no set 3", {0xf0, 0x03}, {0xfa, 0xfe}},
        {"defaults", {0xf6}, {0xfa}},
        {"are set 2", {0xf0, 0x00}, {0xfa, 0xfa, 0x02}},
        {"enable", {0xf4}, {0xfa}},
        {"disable", {0xf5}, {0xfa}},
        {"echo", {0xee}, {0xee}},
        {"resend", {0xfe}, {0xee}},
        {"key types", {0xf8}, {0xfa}},
        {"unknown", {0xef}, {0xfe}},
        {"argument without a command", {0x12}, {0xfe}},
        {"a command instead of an argument", {0xed, 0xf4}, {0xfa, 0xfa}},
    };
    for (const Row& row : rows) {
        INFO(row.what);
        for (const unsigned byte : row.bytes) {
            write(byte);
        }
        REQUIRE(drain() == row.answer);
    }
}

TEST_CASE_METHOD(Fixture, "i8042: each byte of the keyboard is one interrupt when they are on") {
    write(0xf2);
    REQUIRE(irq.take() == 1);
    command(i8042::kDisableAuxiliary);  // the buffer stays full: no edge
    REQUIRE(irq.take() == 0);
    REQUIRE(data() == 0xfa);
    REQUIRE(irq.take() == 1);
    REQUIRE(data() == 0xab);
    REQUIRE(irq.take() == 1);
    REQUIRE(data() == 0x41);  // 0x83, translated
    REQUIRE(irq.take() == 0);
    REQUIRE(data() == 0x41);  // the buffer keeps its last byte
    REQUIRE(irq.take() == 0);

    set_config(0x64);
    write(0xf2);
    REQUIRE(irq.take() == 0);
    set_config(0x65);  // the buffer is full: the line rises now
    REQUIRE(irq.take() == 1);
    status();
    REQUIRE(irq.take() == 0);
}

TEST_CASE_METHOD(Fixture, "i8042: Ctrl-Alt-Del is pressed and let go, in either scan code set") {
    REQUIRE(controller.press_ctrl_alt_del());
    REQUIRE(irq.take() == 1);
    REQUIRE(drain() == Bytes{0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d});
    REQUIRE(irq.take() == 7);

    set_config(0x25);  // no translation
    REQUIRE(controller.press_ctrl_alt_del());
    REQUIRE(drain() == Bytes{0x14, 0x11, 0xe0, 0x71, 0xe0, 0xf0, 0x71, 0xf0, 0x11, 0xf0, 0x14});

    write(0xf0);
    write(0x01);
    drain();
    REQUIRE(controller.press_ctrl_alt_del());
    REQUIRE(drain() == Bytes{0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d});
}

TEST_CASE_METHOD(Fixture, "i8042: Ctrl-Alt-Del is refused while the guest does not listen") {
    SECTION("the controller's port is off") {
        command(i8042::kDisableKeyboard);
    }
    SECTION("the keyboard does not scan") {
        write(0xf5);
        drain();
    }
    SECTION("the guest leaves its bytes unread") {
        REQUIRE(controller.press_ctrl_alt_del());
    }
    const bool full = (status() & kFull) != 0;
    REQUIRE_FALSE(controller.press_ctrl_alt_del());
    REQUIRE(((status() & kFull) != 0) == full);
}

TEST_CASE_METHOD(Fixture, "i8042: a command's answer comes before a key that was there first") {
    REQUIRE(controller.press_ctrl_alt_del());
    REQUIRE(config() == 0x65);
    REQUIRE(drain() == Bytes{0x1d, 0x38, 0xe0, 0x53, 0xe0, 0xd3, 0xb8, 0x9d});
}

TEST_CASE_METHOD(Fixture, "i8042: keys wait while the port is off, and writing turns it on") {
    command(i8042::kDisableKeyboard);
    write(0xf2);
    REQUIRE((config() & i8042::kConfigDisableKeyboard) == 0);
    REQUIRE(drain() == Bytes{0xfa, 0xab, 0x41});
}

TEST_CASE_METHOD(Fixture, "i8042: a guest that writes and never reads grows nothing") {
    for (unsigned i = 0; i < 10'000; ++i) {
        write(0xf2);
        command(i % 256 == 0xfe ? 0xaa : i % 256);
    }
    REQUIRE(drain().size() < 40);
}

TEST_CASE_METHOD(Fixture,
                 "i8042: a probe for a mouse ends at the first answer, with no leftovers") {
    // What Linux' driver does: loop command, then port test, then the keyboard's set-up.
    command(i8042::kWriteAuxiliaryOutput);
    write(0x5a);
    REQUIRE((status() & kFull) != 0);
    REQUIRE((status() & i8042::kStatusAuxiliaryOutput) == 0);
    command(i8042::kTestAuxiliary);
    REQUIRE(drain() == Bytes{0x01});
    set_config(0x65);
    write(0xf2);
    REQUIRE(drain() == Bytes{0xfa, 0xab, 0x41});
}

TEST_CASE_METHOD(Fixture, "i8042: refuses other widths without effect") {
    for (const std::size_t width : {2U, 4U, 8U}) {
        REQUIRE(test::try_read(controller.data_port(), 0, width) == Access::kBadWidth);
        REQUIRE(test::try_write(controller.data_port(), 0, width) == Access::kBadWidth);
        REQUIRE(test::try_read(controller.command_port(), 0, width) == Access::kBadWidth);
        REQUIRE(test::try_write(controller.command_port(), 0, width) == Access::kBadWidth);
    }
    REQUIRE(drain().empty());
    REQUIRE(irq.take() == 0);
}

TEST_CASE_METHOD(Fixture, "i8042: reset restores the constructed state") {
    set_config(0x00);
    write(0xf5);
    write(0xf0);
    command(i8042::kDisableA20);
    command(i8042::kWriteRam + 5);
    write(0x77);
    command(i8042::kWriteRam);
    controller.reset();
    irq.take();

    REQUIRE(status() == (i8042::kStatusSystem | i8042::kStatusNotInhibited));
    REQUIRE(drain().empty());
    REQUIRE(controller.press_ctrl_alt_del());
    REQUIRE(irq.take() == 1);
    REQUIRE(drain().size() == 8);
    REQUIRE(config() == 0x65);
    command(i8042::kReadRam + 5);
    REQUIRE(data() == 0);
    command(i8042::kReadOutputPort);
    REQUIRE(data() == 0x03);
}

}  // namespace skiff::devices
