// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <mutex>
#include <span>

#include "base/irq_line.h"
#include "devices/bus/bus_device.h"
#include "devices/reset_line.h"

namespace skiff::devices {

/// What becomes of the guest's wish to stop. Called on a vCPU thread (power-off and reset may both
/// arrive, and more than once); must not block. The vCPU may run on for a while afterwards.
class PowerSink {
  public:
    virtual ~PowerSink() = default;

    /// `exit_status` is what the guest wrote to EXIT_STATUS, 0 if nothing.
    virtual void power_off(std::uint8_t exit_status) = 0;
    virtual void reset(std::uint8_t exit_status) = 0;
};

/// What the init of a guest that runs one command tells (docs/run-command.md). Called on a vCPU
/// thread, as often as the guest likes; must not block.
class CommandEvents {
  public:
    virtual ~CommandEvents() = default;

    /// The guest wrote COMMAND; `exit_status` is what EXIT_STATUS is now.
    virtual void command_state(std::uint8_t state, std::uint8_t exit_status) = 0;
    /// The guest wrote INPUT_CREDIT.
    virtual void input_credit(std::uint8_t units) = 0;
};

/// The machine's power switch: the ACPI sleep and reset registers, the exit status, and the power
/// button (power_control_registers.h). One object serves its port range and its MMIO page: the
/// offsets are the same.
class PowerControl : public BusDevice, public ResetLine {
  public:
    PowerControl(PowerSink& sink, IrqLine& event_irq) : sink_(sink), event_irq_(event_irq) {}

    /// Makes COMMAND and INPUT_CREDIT registers; without, they do not exist. Before the guest runs.
    void set_command_events(CommandEvents& events) { command_events_ = &events; }

    Access read(std::uint64_t offset, std::span<std::uint8_t> data) override;
    Access write(std::uint64_t offset, std::span<const std::uint8_t> data) override;

    /// Sets the button's bit in EVENT and raises the interrupt. Any thread.
    void press_power_button();

    /// Whether an event waits that the guest did not read yet: a kernel with a driver for it reads
    /// at once. Any thread.
    bool event_pending();

    /// A reset by another device: ends with EXIT_STATUS as one by the reset register does.
    void pull_reset() override;

    /// Restores the state after construction.
    void reset();

  private:
    struct State {
        std::uint8_t sleep_control = 0;
        std::uint8_t exit_status = 0;
        std::uint8_t event = 0;
        std::uint8_t command = 0;
    };

    bool has_register(std::uint64_t offset) const;
    std::uint8_t exit_status();
    void write_command(std::uint8_t state);
    void write_sleep_control(std::uint8_t value);

    PowerSink& sink_;
    IrqLine& event_irq_;
    CommandEvents* command_events_ = nullptr;
    std::mutex mutex_;
    State state_;  // guarded by mutex_
};

}  // namespace skiff::devices
