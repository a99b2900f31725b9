// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "vmm/machine/machine_control.h"
#include "vmm/machine/statistics.h"

namespace skiff::machine {

/// What the virtio devices have done so far, a line for each subject.
std::vector<std::string> describe_devices(const MachineStatistics& statistics);

/// Sizes of the balloon, and what the guest told of its memory.
std::vector<std::string> describe_balloon(const BalloonState& balloon);

}  // namespace skiff::machine
