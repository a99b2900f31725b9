// SPDX-License-Identifier: Apache-2.0
#include "devices/i8042.h"

#include <utility>

namespace skiff::devices {
namespace {

constexpr std::uint8_t kBreakPrefix = 0xf0;
constexpr std::uint8_t kBreakBit = 0x80;

/// Set 2 to set 1, as the controller's translation does for every byte of the keyboard: the codes
/// of our three keys, and the answers of the keyboard that lie in the table's range.
std::uint8_t translated(std::uint8_t code) {
    switch (code) {
        case 0x14:
            return 0x1d;  // Ctrl
        case 0x11:
            return 0x38;  // Alt
        case 0x71:
            return 0x53;  // Delete (after 0xe0)
        case 0x83:
            return 0x41;  // second byte of the keyboard's id
        case 0x01:
            return 0x43;  // "scan code set 1"
        case 0x02:
            return 0x41;  // "scan code set 2"
        default:
            return code;
    }
}

}  // namespace

I8042::State I8042::initial_state() {
    // As PC firmware leaves it to an operating system. The auxiliary port cannot be enabled.
    State state;
    state.ram[0] = i8042::kConfigKeyboardInterrupt | i8042::kConfigSystem |
                   i8042::kConfigDisableAuxiliary | i8042::kConfigTranslate;
    return state;
}

Access I8042::Port::read(std::uint64_t /*offset*/, std::span<std::uint8_t> data) {
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    Effects effects;
    {
        const std::scoped_lock lock(controller_.mutex_);
        data[0] = command_ ? controller_.status() : controller_.read_data(effects);
    }
    controller_.carry_out(effects);
    return Access::kDone;
}

Access I8042::Port::write(std::uint64_t /*offset*/, std::span<const std::uint8_t> data) {
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    Effects effects;
    {
        const std::scoped_lock lock(controller_.mutex_);
        if (command_) {
            controller_.write_command(data[0], effects);
        } else {
            controller_.write_data(data[0], effects);
        }
    }
    controller_.carry_out(effects);
    return Access::kDone;
}

bool I8042::press_ctrl_alt_del() {
    Effects effects;
    bool pressed = false;
    {
        const std::scoped_lock lock(mutex_);
        pressed =
            (config() & i8042::kConfigDisableKeyboard) == 0 && state_.keyboard.press_ctrl_alt_del();
        pump_keyboard();
        update_interrupt(effects);
    }
    carry_out(effects);
    return pressed;
}

void I8042::reset() {
    const std::scoped_lock lock(mutex_);
    state_ = initial_state();
    irq_asserted_ = false;
}

std::uint8_t I8042::status() const {
    std::uint8_t status = i8042::kStatusNotInhibited;
    if (state_.output.has_value()) {
        status |= i8042::kStatusOutputFull;
        status |= state_.output->status;
    }
    if ((state_.ram[0] & i8042::kConfigSystem) != 0) {
        status |= i8042::kStatusSystem;
    }
    if (state_.last_write_was_command) {
        status |= i8042::kStatusCommand;
    }
    return status;
}

std::uint8_t I8042::read_data(Effects& effects) {
    if (state_.output.has_value()) {
        state_.last_output = state_.output->byte;
        state_.output.reset();
        irq_asserted_ = false;
        pump_keyboard();
        update_interrupt(effects);
    }
    return state_.last_output;
}

void I8042::write_command(std::uint8_t command, Effects& effects) {
    state_.last_write_was_command = true;
    state_.awaiting_data_of.reset();
    if (command >= i8042::kReadRam && command < i8042::kReadRam + i8042::kRamSizeBytes) {
        answer(state_.ram[command - i8042::kReadRam]);
    } else if (command >= i8042::kWriteRam && command < i8042::kWriteRam + i8042::kRamSizeBytes) {
        state_.awaiting_data_of = command;
    } else if (command >= i8042::kPulseOutput) {
        effects.reset = (command & i8042::kOutputNotReset) == 0;
    } else {
        switch (command) {
            case i8042::kTestAuxiliary:
                answer(i8042::kPortTestClockLow);
                break;
            case i8042::kSelfTest:
                set_config(i8042::kConfigSystem, true);
                answer(i8042::kSelfTestPassed);
                break;
            case i8042::kTestKeyboard:
                answer(i8042::kPortTestPassed);
                break;
            case i8042::kDisableKeyboard:
                set_config(i8042::kConfigDisableKeyboard, true);
                break;
            case i8042::kEnableKeyboard:
                set_config(i8042::kConfigDisableKeyboard, false);
                break;
            case i8042::kReadInputPort:
                answer(i8042::kInputPortUnlocked);
                break;
            case i8042::kReadOutputPort:
                answer(static_cast<std::uint8_t>(
                    state_.output_port |
                    (state_.output.has_value() ? i8042::kOutputKeyboardFull : 0)));
                break;
            case i8042::kWriteOutputPort:
            case i8042::kWriteKeyboardOutput:
            case i8042::kWriteAuxiliaryOutput:
            case i8042::kWriteAuxiliary:
                state_.awaiting_data_of = command;
                break;
            case i8042::kDisableA20:
                state_.output_port &= static_cast<std::uint8_t>(~i8042::kOutputA20);
                break;
            case i8042::kEnableA20:
                state_.output_port |= i8042::kOutputA20;
                break;
            default:  // kDisableAuxiliary, kEnableAuxiliary: there is none; others: unknown
                break;
        }
    }
    pump_keyboard();
    update_interrupt(effects);
}

void I8042::write_data(std::uint8_t byte, Effects& effects) {
    state_.last_write_was_command = false;
    const auto command = std::exchange(state_.awaiting_data_of, std::nullopt);
    if (command.has_value()) {
        write_data_of(*command, byte, effects);
    } else {
        // Talking to the keyboard turns its interface on again.
        set_config(i8042::kConfigDisableKeyboard, false);
        state_.keyboard.receive(byte);
    }
    pump_keyboard();
    update_interrupt(effects);
}

void I8042::write_data_of(std::uint8_t command, std::uint8_t byte, Effects& effects) {
    switch (command) {
        case i8042::kWriteRam:
            config() = byte | i8042::kConfigDisableAuxiliary;
            break;
        case i8042::kWriteOutputPort:
            effects.reset = (byte & i8042::kOutputNotReset) == 0;
            state_.output_port = byte | i8042::kOutputNotReset;
            break;
        case i8042::kWriteKeyboardOutput:
        case i8042::kWriteAuxiliaryOutput:
            // Without kStatusAuxiliaryOutput, which tells a driver at once that no mouse is here.
            answer(byte);
            break;
        case i8042::kWriteAuxiliary:
            answer(i8042::kNoAnswer, i8042::kStatusAuxiliaryOutput | i8042::kStatusTimeout);
            break;
        default:
            state_.ram[command - i8042::kWriteRam] = byte;
            break;
    }
}

void I8042::set_config(std::uint8_t bits, bool on) {
    config() = static_cast<std::uint8_t>(on ? config() | bits : config() & ~bits);
}

/// Puts an answer of the controller into the output buffer: over an answer that nobody read,
/// before a byte of the keyboard.
void I8042::answer(std::uint8_t byte, std::uint8_t status_bits) {
    if (state_.output.has_value() && state_.output->from_keyboard) {
        state_.displaced = state_.output;
    }
    state_.output = Output{.byte = byte, .status = status_bits};
}

/// Moves the next byte of the keyboard into the output buffer where there is room.
void I8042::pump_keyboard() {
    if (state_.output.has_value()) {
        return;
    }
    if (state_.displaced.has_value()) {
        state_.output = std::exchange(state_.displaced, std::nullopt);
        return;
    }
    while ((config() & i8042::kConfigDisableKeyboard) == 0) {
        const auto taken = state_.keyboard.take();
        if (!taken.has_value()) {
            return;
        }
        std::uint8_t code = *taken;
        if ((config() & i8042::kConfigTranslate) != 0) {
            if (code == kBreakPrefix) {
                state_.break_pending = true;
                continue;
            }
            code = translated(code);
            if (std::exchange(state_.break_pending, false)) {
                code |= kBreakBit;
            }
        }
        state_.output = Output{.byte = code, .from_keyboard = true};
        return;
    }
}

/// IRQ 1 is the output buffer's full signal, as far as the configuration byte lets it through.
void I8042::update_interrupt(Effects& effects) {
    const bool level = state_.output.has_value() &&
                       (state_.output->status & i8042::kStatusAuxiliaryOutput) == 0 &&
                       (config() & i8042::kConfigKeyboardInterrupt) != 0;
    effects.interrupt = level && !irq_asserted_;
    irq_asserted_ = level;
}

void I8042::carry_out(const Effects& effects) {
    if (effects.interrupt) {
        keyboard_irq_.trigger();
    }
    if (effects.reset) {
        reset_line_.pull_reset();
    }
}

}  // namespace skiff::devices
