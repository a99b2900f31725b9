// SPDX-License-Identifier: Apache-2.0
#include "devices/power_control.h"

#include <utility>

#include "devices/power_control_registers.h"

namespace skiff::devices {

using power_control::Register;
using power_control::SleepControl;

bool PowerControl::has_register(std::uint64_t offset) const {
    const Register last = command_events_ == nullptr ? Register::kEvent : Register::kInputCredit;
    return offset <= static_cast<std::uint64_t>(last);
}

Access PowerControl::read(std::uint64_t offset, std::span<std::uint8_t> data) {
    if (!has_register(offset)) {
        return Access::kUnknownRegister;
    }
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    const std::scoped_lock lock(mutex_);
    switch (static_cast<Register>(offset)) {
        case Register::kSleepControl:
            data[0] = state_.sleep_control;
            break;
        case Register::kSleepStatus:  // WAK_STS (bit 7) never sets: nothing wakes from S5
        case Register::kReset:
        case Register::kInputCredit:
            data[0] = 0;
            break;
        case Register::kExitStatus:
            data[0] = state_.exit_status;
            break;
        case Register::kEvent:
            data[0] = std::exchange(state_.event, std::uint8_t{0});
            break;
        case Register::kCommand:
            data[0] = state_.command;
            break;
    }
    return Access::kDone;
}

Access PowerControl::write(std::uint64_t offset, std::span<const std::uint8_t> data) {
    if (!has_register(offset)) {
        return Access::kUnknownRegister;
    }
    if (data.size() != 1) {
        return Access::kBadWidth;
    }
    switch (static_cast<Register>(offset)) {
        case Register::kSleepControl:
            write_sleep_control(data[0]);
            break;
        case Register::kSleepStatus:  // WAK_STS is write-one-to-clear, and always clear
        case Register::kEvent:
            break;
        case Register::kReset:
            if (data[0] == power_control::kResetValue) {
                pull_reset();
            }
            break;
        case Register::kExitStatus: {
            const std::scoped_lock lock(mutex_);
            state_.exit_status = data[0];
            break;
        }
        case Register::kCommand:
            write_command(data[0]);
            break;
        case Register::kInputCredit:
            command_events_->input_credit(data[0]);
            break;
    }
    return Access::kDone;
}

void PowerControl::write_sleep_control(std::uint8_t value) {
    const SleepControl control{value};
    {
        const std::scoped_lock lock(mutex_);
        state_.sleep_control = value & SleepControl::kSleepTypeMask;
    }
    if (control.sleep_enable() && control.sleep_type() == power_control::kSleepTypeS5) {
        sink_.power_off(exit_status());
    }
}

void PowerControl::write_command(std::uint8_t state) {
    {
        const std::scoped_lock lock(mutex_);
        state_.command = state;
    }
    command_events_->command_state(state, exit_status());
}

void PowerControl::press_power_button() {
    {
        const std::scoped_lock lock(mutex_);
        state_.event |= power_control::kEventPowerButton;
    }
    event_irq_.trigger();
}

bool PowerControl::event_pending() {
    const std::lock_guard lock(mutex_);
    return state_.event != 0;
}

void PowerControl::pull_reset() {
    sink_.reset(exit_status());
}

void PowerControl::reset() {
    const std::scoped_lock lock(mutex_);
    state_ = State{};
}

std::uint8_t PowerControl::exit_status() {
    const std::scoped_lock lock(mutex_);
    return state_.exit_status;
}

}  // namespace skiff::devices
