// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "devices/bus/bus.h"
#include "vmm/machine/trace/exit_trace.h"

/// What was traced, for people.
namespace skiff::machine {

/// Exits of all vCPUs by kind and address, those that took the most time first, with the devices
/// behind the addresses; and how each vCPU spent its time. Lines, each with its end.
std::string exit_table(std::span<const ExitTrace> vcpus, const devices::Bus& ports,
                       const devices::Bus& mmio);

/// "serial +0x0" for an address that a device claims; empty for others.
std::string place_on_bus(const devices::Bus& bus, std::uint64_t address);

}  // namespace skiff::machine
