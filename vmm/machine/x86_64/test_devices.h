// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/guest_memory.h"
#include "base/result.h"
#include "devices/bus/bus.h"
#include "devices/fw_cfg.h"
#include "devices/pc_testdev.h"
#include "vmm/kvm/vm.h"
#include "vmm/machine/machine_config.h"

namespace skiff::machine::x86_64 {

/// The devices of --testdev and --fw-cfg, which only test images want.
class TestDevices {
  public:
    /// Makes those that are asked for and puts them on the buses; reads the files of --fw-cfg. All
    /// that is given outlives them.
    static Result<std::unique_ptr<TestDevices>> create(const MachineConfig& config,
                                                       const kvm::Vm& vm, GuestMemory& memory,
                                                       devices::Bus& ports, devices::Bus& mmio);

  private:
    TestDevices() = default;
    Result<void> connect_testdev(devices::Bus& ports, devices::Bus& mmio);

    std::optional<devices::PcTestdev> testdev_;
    std::optional<devices::FwCfg> fw_cfg_;
};

}  // namespace skiff::machine::x86_64
