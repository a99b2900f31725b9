// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "boot/virtio_mmio_slot.h"
#include "vmm/kvm/host_probe.h"
#include "vmm/machine/machine_config.h"

namespace skiff::machine {

/// The kernel command line: the default (or the user's whole one), the virtio devices, what the
/// user adds, and what this host's KVM needs (host_quirks.h) unless the configuration says
/// otherwise. The devices are named even beside a whole line of the user's: a kernel that has
/// neither ACPI nor a device tree would not find them.
std::string build_command_line(const MachineConfig& config, kvm::Backend backend,
                               std::span<const boot::VirtioMmioSlot> devices);

/// The same without what the machine adds: the default or whole line, and what the user adds.
std::string configured_parameters(const MachineConfig& config);

/// The user's own words alone: for guests that are no Linux.
std::string users_command_line(const MachineConfig& config);

/// Says what build_command_line() added for this host's KVM, if it did. To be called when the guest
/// is loaded: where it cannot be, the user reads one line, which is about that.
void announce_quirks(const MachineConfig& config, kvm::Backend backend);

}  // namespace skiff::machine
