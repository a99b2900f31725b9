// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <variant>

#include "vmm/api/resources/machine_options.h"
#include "vmm/api/resources/resources.h"
#include "vmm/api/resources/v1.h"

namespace skiff::api {

// What can be asked, with an answer that has a body.
struct DescribeInstance {};
struct GetVersion {};
struct GetMachineShape {};
struct GetVmConfig {};
struct GetMachineOptions {};
struct GetBalloon {};
struct GetBalloonStatistics {};
struct GetBalloonHinting {};
struct GetPrometheusMetrics {};
struct GetStats {};
struct GetMetadata {};

/// Everything that can be said to a microVM, by the API and by a configuration file alike.
using Command = std::variant<
    DescribeInstance, GetVersion, GetMachineShape, GetVmConfig, GetMachineOptions, GetBalloon,
    GetBalloonStatistics, GetBalloonHinting, MachineShape, MachineShapeUpdate, CpuConfig,
    BootSource, Drive, DriveUpdate, NetworkInterface, NetworkInterfaceUpdate, Balloon,
    BalloonUpdate, BalloonStatisticsUpdate, BalloonHintingStart, BalloonHintingStop, Vsock, Entropy,
    Serial, Logger, MachineOptions, Action, StateChange, Metrics, GetPrometheusMetrics, GetStats,
    Shutdown, BalloonTarget, GetBalloonSize, GetMetadata, Metadata, MetadataPatch, MmdsConfig>;

}  // namespace skiff::api
