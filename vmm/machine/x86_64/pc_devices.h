// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
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

    /// Asks the guest to shut down: the power button; Ctrl-Alt-Del where ACPI is off, and also
    /// where the guest did not take notice of the button in time. On the event loop's thread.
    void ask_guest_to_stop();

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
    std::unique_ptr<devices::ConsoleHost> console_;
    std::optional<devices::SerialPort> serial_;
    UniqueFd button_timer_;
    EventLoop::Id button_timer_id_ = 0;
    devices::Bus ports_;
    devices::Bus mmio_;
};

}  // namespace skiff::machine::x86_64
