// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "devices/bus/bus.h"
#include "vmm/machine/trace/device_trace.h"
#include "vmm/machine/trace/exit_trace.h"

namespace skiff::machine {

/// Events in the JSON form of Chrome's trace viewer and Perfetto ("Trace Event Format"): each exit
/// as a duration on its vCPU's track, each change of a queue's counters as a counter track.
/// `devices` may be null. `start` is time 0.
std::string chrome_trace(std::span<const ExitTrace> vcpus, const DeviceTrace* devices,
                         const devices::Bus& ports, const devices::Bus& mmio,
                         ExitTrace::Clock::time_point start);

}  // namespace skiff::machine
