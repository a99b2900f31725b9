// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <thread>

#include "boot/kernel_image.h"
#include "vmm/machine/machine_config.h"

namespace skiff::machine {

/// Says which options a kernel's configuration lacks for what the machine was asked for, in one
/// warning; those that are modules, which an initrd or a disk may bring, in a line of their own.
/// Silent where nothing is lacking and where there is no configuration.
///
/// A kernel is large: looking through it takes longer than all of skiff's start. So this is done on
/// a thread of its own beside the guest's first steps, and is over before the guest could have
/// missed anything.
class KernelCheck {
  public:
    /// Starts looking. `config` and `kernel` outlive it.
    void start(const MachineConfig& config, const boot::KernelImage& kernel);
    /// Waits for the end.
    void finish();
    ~KernelCheck() { finish(); }

  private:
    std::thread thread_;
};

}  // namespace skiff::machine
