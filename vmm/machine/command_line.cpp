// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/command_line.h"

#include "base/log.h"
#include "vmm/machine/host_quirks.h"

namespace skiff::machine {
namespace {

// Console on the serial port; reset through the i8042, which ends the run; reset after a panic.
constexpr const char* kDefault = "console=ttyS0 reboot=k panic=-1";

std::string line_as_configured(const MachineConfig& config) {
    std::string line = config.whole_cmdline.value_or(kDefault);
    if (!config.extra_cmdline.empty()) {
        line += line.empty() ? "" : " ";
        line += config.extra_cmdline;
    }
    return line;
}

}  // namespace

std::string build_command_line(const MachineConfig& config, kvm::Backend backend) {
    std::string line = line_as_configured(config);
    return config.host_quirks ? with_quirk_parameters(line, backend) : line;
}

void announce_quirks(const MachineConfig& config, kvm::Backend backend) {
    if (build_command_line(config, backend) != line_as_configured(config)) {
        log::info(
            "this host's KVM ({}) needs guest parameters; added: {} (--no-host-quirks leaves "
            "them out)",
            kvm::backend_name(backend), quirk_parameters(backend));
    }
}

}  // namespace skiff::machine
