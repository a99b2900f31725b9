// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "devices/boot_timer.h"
#include "devices/bus/bus.h"
#include "devices/cmos_rtc.h"
#include "devices/debug_exit.h"
#include "devices/host_side/console_host.h"
#include "devices/i8042.h"
#include "devices/power_control.h"
#include "devices/serial/serial_port.h"
#include "devices/wall_clock.h"
#include "vmm/kvm/irqfd_line.h"
#include "vmm/kvm/vm.h"
#include "vmm/machine/command_serial.h"
#include "vmm/machine/machine_config.h"
#include "vmm/machine/stop_latch.h"

namespace skiff::machine::x86_64 {

/// The devices that every x86 guest has, their interrupt lines, and the buses that lead to them.
/// A member's position is the order of construction.
class PcDevices {
  public:
    struct Surroundings {
        const kvm::Vm& vm;
        EventLoop& loop;
        StopLatch& latch;
        /// Sees what the guest prints on its console.
        devices::OutputObserver console_observer;
        /// What the menu on the console does.
        devices::MenuActions& menu;
    };

    static Result<std::unique_ptr<PcDevices>> create(const MachineConfig& config,
                                                     const Surroundings& around);

    devices::Bus& ports() { return ports_; }
    devices::Bus& mmio() { return mmio_; }
    devices::ConsoleHost& console() { return *console_; }
    const devices::Uart16550& uart() const { return serial_->uart(); }

    /// Whom the guest's init tells of the command; outlives it. Before the guest runs.
    void set_command_events(devices::CommandEvents& events) {
        power_control_.set_command_events(events);
    }
    /// The command's streams are the serial port, or its terminal is. Any thread, once.
    void give_serial_to_command();
    /// The guest has room for so much more input on the serial port. Any thread.
    void add_input_credit(std::size_t bytes);

    /// Lets vCPUs that are held in the console go. Any thread.
    void release_consoles();
    /// At the end, after the vCPUs and the loop: delivers what waits. How many bytes were lost.
    std::uint64_t finish_consoles();

    /// Asks the guest to shut down: the power button; Ctrl-Alt-Del where ACPI is off, and also
    /// where the guest did not take notice of the button in time. On the event loop's thread.
    void ask_guest_to_stop();
    /// On the event loop's thread.
    void press_ctrl_alt_del() { i8042_.press_ctrl_alt_del(); }

  private:
    struct IrqLines {
        kvm::IrqfdLine serial, keyboard, rtc, power;
    };

    PcDevices(const MachineConfig& config, const Surroundings& around, IrqLines lines,
              std::unique_ptr<devices::WallClock> clock);
    static Result<IrqLines> make_irq_lines(const kvm::Vm& vm);
    Result<void> connect();

    const MachineConfig& config_;
    EventLoop& loop_;
    IrqLines irq_lines_;
    devices::PowerControl power_control_;
    devices::I8042 i8042_;
    std::unique_ptr<devices::WallClock> clock_;
    devices::CmosRtc rtc_;
    std::optional<devices::DebugExit> debug_exit_;
    std::optional<devices::BootTimer> boot_timer_;
    std::unique_ptr<devices::ConsoleHost> console_;
    std::optional<devices::SerialPort> serial_;
    std::unique_ptr<CommandSerial> command_serial_;
    UniqueFd button_timer_;
    EventLoop::Id button_timer_id_ = 0;
    devices::Bus ports_;
    devices::Bus mmio_;
};

}  // namespace skiff::machine::x86_64
