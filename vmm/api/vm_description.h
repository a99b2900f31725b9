// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "vmm/api/command.h"
#include "vmm/api/mmds/mmds.h"
#include "vmm/machine/machine_config.h"

namespace skiff::api {

/// A microVM as its users have described it: what the commands before its start make, piece by
/// piece, and what `GET /vm/config` gives back.
struct VmDescription {
    std::string id = kDefaultInstanceId;
    MachineShape machine;
    /// The one of both CPU templates that came last: this, or machine.cpu_template.
    std::optional<CpuConfig> cpu_config;
    std::optional<BootSource> boot_source;
    /// The root device first, the others in the order in which they came.
    std::vector<Drive> drives;
    std::vector<NetworkInterface> nets;
    std::optional<Balloon> balloon;
    std::optional<Vsock> vsock;
    std::optional<Entropy> entropy;
    std::optional<Serial> serial;
    std::optional<Logger> logger;
    std::optional<Metrics> metrics;
    /// With these, whatever they and the sections do not say is as `skiff run` has it, the kernel's
    /// parameters too.
    std::optional<MachineOptions> options;
    /// What they mean; without it there can be none.
    ApplyOptions apply_options = nullptr;
    std::optional<MmdsConfig> mmds_config;
    /// What it serves. Shared with the machine, and with copies of the description.
    std::shared_ptr<Mmds> mmds = std::make_shared<Mmds>();

    // Each takes over a resource, or says why it does not fit to what is there. One that is there
    // with the same id is replaced.
    Result<void> set(const MachineShape& shape);
    Result<void> set(const MachineShapeUpdate& update);
    Result<void> set(const CpuConfig& config);
    Result<void> set(const BootSource& source);
    Result<void> set(const Drive& drive);
    Result<void> set(const NetworkInterface& net);
    Result<void> set(const Balloon& given);
    Result<void> set(const BalloonUpdate& update);
    Result<void> set(const BalloonStatisticsUpdate& update);
    Result<void> set(const Vsock& given);
    Result<void> set(const Entropy& given);
    Result<void> set(const Serial& given);
    Result<void> set(const Logger& given);
    Result<void> set(const Metrics& given);
    Result<void> set(const MachineOptions& given);
    Result<void> set(const MmdsConfig& given);

    /// The machine that is described. An error where something is missing.
    Result<machine::MachineConfig> machine_config() const;

  private:
    Result<void> add_metadata_service(machine::MachineConfig& config) const;
};

/// What the guest's kernel is told where no `boot_args` are given.
inline constexpr const char* kDefaultBootArgs =
    "reboot=k panic=1 nomodule 8250.nr_uarts=0 i8042.noaux i8042.nomux i8042.dumbkbd "
    "swiotlb=noforce";

/// A machine that was made by other means, in these words, as far as they go.
VmDescription describe_machine(const machine::MachineConfig& config);

}  // namespace skiff::api
