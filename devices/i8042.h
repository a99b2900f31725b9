// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "base/irq_line.h"
#include "devices/bus/bus_device.h"
#include "devices/i8042_registers.h"
#include "devices/ps2_keyboard.h"
#include "devices/reset_line.h"

namespace skiff::devices {

/// The 8042 keyboard controller with a keyboard and without a mouse (i8042_registers.h): the reset
/// that PC kernels use, and Ctrl-Alt-Del. Every command is done at once, so the input buffer is
/// always empty and no driver's probe runs into a timeout.
class I8042 {
  public:
    I8042(IrqLine& keyboard_irq, ResetLine& reset_line)
        : keyboard_irq_(keyboard_irq), reset_line_(reset_line) {}
    I8042(const I8042&) = delete;
    I8042& operator=(const I8042&) = delete;

    /// The devices for the two one-byte ranges at ports 0x60 and 0x64.
    BusDevice& data_port() { return data_port_; }
    BusDevice& command_port() { return command_port_; }

    /// Presses the three keys once. False where the guest does not listen to the keyboard. Any
    /// thread.
    bool press_ctrl_alt_del();

    /// Restores the state after construction.
    void reset();

  private:
    class Port : public BusDevice {
      public:
        Port(I8042& controller, bool is_command) : controller_(controller), command_(is_command) {}
        Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
        Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

      private:
        I8042& controller_;
        bool command_;
    };

    /// The output buffer: one byte, and what the status register says of it.
    struct Output {
        std::uint8_t byte = 0;
        std::uint8_t status = 0;  ///< kStatusAuxiliaryOutput, kStatusTimeout
        bool from_keyboard = false;
    };

    struct State {
        std::array<std::uint8_t, i8042::kRamSizeBytes> ram{};
        std::uint8_t output_port = i8042::kOutputNotReset | i8042::kOutputA20;
        std::uint8_t last_output = 0;
        bool last_write_was_command = false;
        bool break_pending = false;
        std::optional<std::uint8_t> awaiting_data_of;
        std::optional<Output> output;
        /// A keyboard byte that was in the output buffer when an answer needed it.
        std::optional<Output> displaced;
        Ps2Keyboard keyboard;
    };

    /// What to do once the lock is released.
    struct Effects {
        bool interrupt = false;
        bool reset = false;
    };

    static State initial_state();
    std::uint8_t read_data(Effects& effects);
    std::uint8_t status() const;
    void write_command(std::uint8_t command, Effects& effects);
    void write_data(std::uint8_t byte, Effects& effects);
    void write_data_of(std::uint8_t command, std::uint8_t byte, Effects& effects);
    std::uint8_t& config() { return state_.ram[0]; }
    void set_config(std::uint8_t bits, bool on);
    void answer(std::uint8_t byte, std::uint8_t status_bits = 0);
    void pump_keyboard();
    void update_interrupt(Effects& effects);
    void carry_out(const Effects& effects);

    IrqLine& keyboard_irq_;
    ResetLine& reset_line_;
    Port data_port_{*this, false};
    Port command_port_{*this, true};
    std::mutex mutex_;
    State state_ = initial_state();  // guarded by mutex_
    bool irq_asserted_ = false;      // guarded by mutex_
};

}  // namespace skiff::devices
