// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "boot/compression.h"
#include "boot/kernel_wishes.h"
#include "vmm/machine/machine_config.h"

namespace skiff::machine {

/// What a machine of this configuration needs of its kernel; not what it has without being asked
/// (the entropy device). `initrd` is how the initrd is packed, if it is.
std::vector<boot::KernelWish> kernel_wishes(const MachineConfig& config,
                                            std::optional<boot::Compression> initrd);

}  // namespace skiff::machine
