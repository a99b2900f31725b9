// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/command_line.h"

#include "base/log.h"
#include "boot/virtio_mmio_parameters.h"
#include "guest-init/orders.h"
#include "vmm/machine/host_quirks.h"
#include "vmm/machine/kernel_parameters.h"

namespace skiff::machine {
namespace {

// Reset through the i8042, which ends the run; reset after a panic.
constexpr const char* kDefault = "reboot=k panic=-1";

/// What the kernel's console is (Documentation/admin-guide/kernel-parameters.rst). Until the driver
/// of a virtio console runs, the serial port shows the kernel's messages; but it is no ttyS0 then,
/// which would show them twice where a kernel has console=ttyS0 built in.
std::string console_parameters(MachineConfig::Console console) {
    switch (console) {
        case MachineConfig::Console::kSerial:
            return "console=ttyS0";
        case MachineConfig::Console::kVirtio:
            return "earlycon=uart8250,io,0x3f8 8250.nr_uarts=0 console=hvc0";
        case MachineConfig::Console::kNone:
            break;
    }
    return "8250.nr_uarts=0 console=null";
}

std::string with_extra_words(std::string line, const MachineConfig& config) {
    if (!config.extra_cmdline.empty()) {
        line += line.empty() ? "" : " ";
        line += config.extra_cmdline;
    }
    return line;
}

/// Where the console is not what the user wants to see, what it says slows the boot down.
std::string default_parameters(const MachineConfig& config) {
    const bool is_quiet =
        config.command.has_value() && config.serial.kind != SerialConfig::Kind::kStderr;
    return std::string(kDefault) + (is_quiet ? " quiet" : "");
}

/// The guest's init is our own.
std::string command_parameters(const MachineConfig& config) {
    return config.command.has_value() ? "rdinit=" SKIFF_INIT_PATH : "";
}

std::string line_as_configured(const MachineConfig& config,
                               std::span<const boot::VirtioMmioSlot> devices) {
    const std::string line =
        with_kernel_parameters(config.whole_cmdline.value_or(console_parameters(config.console) +
                                                             " " + default_parameters(config)),
                               command_parameters(config));
    // A kernel that was told of a device twice would complain of the second time.
    return with_extra_words(
        with_kernel_parameters(
            line, config.device_tree ? std::string() : boot::virtio_mmio_parameters(devices)),
        config);
}

}  // namespace

std::string build_command_line(const MachineConfig& config, kvm::Backend backend,
                               std::span<const boot::VirtioMmioSlot> devices) {
    std::string line = line_as_configured(config, devices);
    return config.host_quirks ? with_quirk_parameters(line, backend) : line;
}

std::string configured_parameters(const MachineConfig& config) {
    return with_extra_words(
        config.whole_cmdline.value_or(console_parameters(config.console) + " " + kDefault), config);
}

std::string users_command_line(const MachineConfig& config) {
    return with_extra_words(config.whole_cmdline.value_or(""), config);
}

void announce_quirks(const MachineConfig& config, kvm::Backend backend) {
    const std::string line = line_as_configured(config, {});
    if (config.host_quirks && with_quirk_parameters(line, backend) != line) {
        log::info(
            "this host's KVM ({}) needs guest parameters; added: {} (--no-host-quirks leaves "
            "them out)",
            kvm::backend_name(backend), quirk_parameters(backend));
    }
}

}  // namespace skiff::machine
