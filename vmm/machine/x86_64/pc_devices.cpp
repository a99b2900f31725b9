// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/x86_64/pc_devices.h"

#include <sys/epoll.h>
#include <unistd.h>

#include <utility>

#include "base/log.h"
#include "base/timer_fd.h"
#include "base/units.h"

namespace skiff::machine::x86_64 {
namespace {

// Ports and interrupt lines of the PC (docs/architecture.md, "The machine").
constexpr GuestRange kSerialPorts{GuestAddress(0x3f8), 8};
constexpr GuestRange kKeyboardDataPort{GuestAddress(0x60), 1};
constexpr GuestRange kKeyboardCommandPort{GuestAddress(0x64), 1};
constexpr GuestRange kRtcPorts{GuestAddress(0x70), 2};
constexpr GuestRange kPowerControlPorts{GuestAddress(0x600), 8};
constexpr GuestRange kPowerControlPage{GuestAddress(0xfe00'0000), kPageSize};

constexpr std::uint32_t kSerialGsi = 4;
constexpr std::uint32_t kKeyboardGsi = 1;
constexpr std::uint32_t kRtcGsi = 8;
constexpr std::uint32_t kPowerGsi = 9;

// A kernel with an ACPI event driver reads the event register within microseconds.
constexpr std::chrono::milliseconds kButtonNoticed{500};

devices::ConsoleOptions console_options(const MachineConfig& machine, devices::MenuActions& menu) {
    const SerialConfig& config = machine.serial;
    using From = SerialConfig::Kind;
    using To = devices::ConsoleOptions::Kind;
    devices::ConsoleOptions options;
    options.path = config.path;
    options.menu = &menu;
    options.is_shared = machine.console_tap != nullptr;
    options.quiet = !log::enabled(log::Level::kInfo);
    switch (config.kind) {
        case From::kStdio:
            options.kind = To::kStdio;
            break;
        case From::kNone:
            options.kind = To::kNone;
            break;
        case From::kFile:
            options.kind = To::kFile;
            break;
        case From::kPty:
            options.kind = To::kPty;
            break;
        case From::kUnix:
            options.kind = To::kUnix;
            break;
        case From::kStderr:
            options.kind = To::kStdio;
            options.input_fd = -1;
            options.output_fd = STDERR_FILENO;
            options.owns_terminal = false;
            break;
    }
    return options;
}

ExitReason console_closed(const std::string& why) {
    return {.kind = ExitReason::Kind::kUserQuit, .value = 0, .detail = why, .vcpu = {}};
}

/// The run ends with the user's terminal or the reader of its output. The end of a file or pipe of
/// input ends only the input, and output that the host refuses is only lost.
void end_run_with_console(devices::ConsoleHost& console, bool is_stdio, StopLatch& latch) {
    console.on_input_closed([&latch](devices::InputEnd end) {
        if (end == devices::InputEnd::kHangup) {
            latch.stop(console_closed("the terminal is gone"));
        }
    });
    console.on_output_closed([is_stdio, &latch](devices::OutputEnd end, const std::string& reason) {
        if (is_stdio && end == devices::OutputEnd::kReaderLeft) {
            latch.stop(console_closed(reason));
        } else {
            log::warning("serial port: {}; output is dropped from here on", reason);
        }
    });
}

}  // namespace

Result<PcDevices::IrqLines> PcDevices::make_irq_lines(const kvm::Vm& vm) {
    SKIFF_ASSIGN_OR_RETURN(auto serial, kvm::IrqfdLine::create(vm, kSerialGsi));
    SKIFF_ASSIGN_OR_RETURN(auto keyboard, kvm::IrqfdLine::create(vm, kKeyboardGsi));
    SKIFF_ASSIGN_OR_RETURN(auto rtc, kvm::IrqfdLine::create(vm, kRtcGsi));
    SKIFF_ASSIGN_OR_RETURN(auto power, kvm::IrqfdLine::create(vm, kPowerGsi));
    return IrqLines{std::move(serial), std::move(keyboard), std::move(rtc), std::move(power)};
}

PcDevices::PcDevices(const MachineConfig& config, const Surroundings& around, IrqLines lines,
                     std::unique_ptr<devices::WallClock> clock)
    : config_(config),
      loop_(around.loop),
      irq_lines_(std::move(lines)),
      power_control_(around.latch, irq_lines_.power),
      i8042_(irq_lines_.keyboard, power_control_),
      clock_(std::move(clock)),
      rtc_(irq_lines_.rtc, *clock_) {
    if (config.debug_exit_port.has_value()) {
        debug_exit_.emplace([&latch = around.latch](std::uint32_t value) {
            latch.stop(
                {.kind = ExitReason::Kind::kDebugExit, .value = value, .detail = {}, .vcpu = {}});
        });
    }
}

Result<std::unique_ptr<PcDevices>> PcDevices::create(const MachineConfig& config,
                                                     const Surroundings& around) {
    SKIFF_ASSIGN_OR_RETURN(IrqLines lines, make_irq_lines(around.vm));
    SKIFF_ASSIGN_OR_RETURN(auto clock, devices::HostWallClock::create(around.loop));
    std::unique_ptr<PcDevices> pc(
        new PcDevices(config, around, std::move(lines), std::move(clock)));
    SKIFF_ASSIGN_OR_RETURN(pc->console_, devices::ConsoleHost::create(
                                             around.loop, console_options(config, around.menu)));
    pc->console_->set_observer(around.console_observer);
    pc->serial_.emplace(*pc->console_, pc->irq_lines_.serial);
    if (!config.command.has_value()) {
        pc->console_->set_input(*pc->serial_);
    } else if (!config.command->has_terminal) {
        SKIFF_ASSIGN_OR_RETURN(pc->command_serial_,
                               CommandSerial::create(around.loop, around.latch, *config.command,
                                                     *pc->serial_, around.console_observer));
    }
    end_run_with_console(*pc->console_, config.serial.kind == SerialConfig::Kind::kStdio,
                         around.latch);
    SKIFF_RETURN_IF_ERROR(pc->connect());
    return pc;
}

Result<void> PcDevices::connect() {
    SKIFF_RETURN_IF_ERROR(ports_.insert(kSerialPorts, "serial", serial_->bus_device()));
    SKIFF_RETURN_IF_ERROR(ports_.insert(kKeyboardDataPort, "i8042 data", i8042_.data_port()));
    SKIFF_RETURN_IF_ERROR(
        ports_.insert(kKeyboardCommandPort, "i8042 command", i8042_.command_port()));
    SKIFF_RETURN_IF_ERROR(ports_.insert(kRtcPorts, "RTC", rtc_));
    SKIFF_RETURN_IF_ERROR(ports_.insert(kPowerControlPorts, "power control", power_control_));
    SKIFF_RETURN_IF_ERROR(mmio_.insert(kPowerControlPage, "power control", power_control_));
    if (debug_exit_.has_value()) {
        const GuestRange range{GuestAddress(*config_.debug_exit_port),
                               devices::DebugExit::kPortCount};
        SKIFF_RETURN_IF_ERROR(ports_.insert(range, "debug exit", *debug_exit_));
    }
    if (config_.boot_timer.has_value()) {
        const GuestRange range{GuestAddress(devices::BootTimer::kAddress),
                               devices::BootTimer::kBytes};
        SKIFF_RETURN_IF_ERROR(
            mmio_.insert(range, "boot timer", boot_timer_.emplace(*config_.boot_timer)));
    }
    return {};
}

void PcDevices::give_serial_to_command() {
    if (command_serial_) {
        command_serial_->take_over();
        return;
    }
    loop_.post([this] {
        console_->set_input(*serial_);
        console_->input_wanted();
    });
}

void PcDevices::add_input_credit(std::size_t bytes) {
    if (command_serial_) {
        command_serial_->add_credit(bytes);
    }
}

void PcDevices::release_consoles() {
    console_->release();
    if (command_serial_) {
        command_serial_->release();
    }
}

std::uint64_t PcDevices::finish_consoles() {
    return console_->finish().lost_bytes +
           (command_serial_ ? command_serial_->finish().lost_bytes : 0);
}

void PcDevices::ask_guest_to_stop() {
    if (!config_.has_acpi_tables()) {
        i8042_.press_ctrl_alt_del();
        return;
    }
    power_control_.press_power_button();
    auto timer = make_timer(kButtonNoticed);
    if (!timer) {
        return;
    }
    button_timer_ = std::move(*timer);
    // Failing to watch the timer costs only this second way of asking.
    const auto id = loop_.add(button_timer_.get(), EPOLLIN, [this](std::uint32_t) {
        loop_.remove(button_timer_id_);
        button_timer_id_ = 0;
        if (power_control_.event_pending()) {
            i8042_.press_ctrl_alt_del();
        }
    });
    button_timer_id_ = id ? *id : 0;
}

}  // namespace skiff::machine::x86_64
