// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "vmm/api/reports/request_counters.h"
#include "vmm/machine/resident_memory.h"
#include "vmm/machine/statistics.h"

/// All that is counted of a microVM and of the process that runs it, and the forms in which it is
/// told: metrics_line.h, prometheus_text.h, stats_json.h.
namespace skiff::api {

/// When the process was launched, as its launcher tells by options.
struct LaunchTimes {
    std::optional<std::uint64_t> start_us;       ///< By CLOCK_MONOTONIC.
    std::optional<std::uint64_t> start_cpu_us;   ///< By CLOCK_PROCESS_CPUTIME_ID.
    std::optional<std::uint64_t> parent_cpu_us;  ///< What the launcher itself took.
};

/// How long it took from there until the API was served; nothing where the launcher did not tell.
struct StartUpTimes {
    std::optional<std::uint64_t> us;
    std::optional<std::uint64_t> cpu_us;
};
StartUpTimes measure_start_up(const LaunchTimes& launch);

/// One moment. Counters count since the process began.
struct Statistics {
    std::string id;
    std::string_view state;  ///< "Not started", "Running", "Paused".
    /// Nothing before the start.
    std::optional<machine::MachineStatistics> machine;
    /// Where it was asked for, and can be had.
    std::optional<machine::ResidentMemory> resident;
    /// What clients call the disks and network devices, in the machine's order.
    std::vector<std::string> drive_ids;
    std::vector<std::string> net_ids;
    RequestCounts requests;
    std::uint64_t lost_log_lines = 0;
    std::uint64_t lost_metrics_lines = 0;
    StartUpTimes start_up;
    /// How long the last pause and the last resumption took.
    std::chrono::microseconds pause_time{0};
    std::chrono::microseconds resume_time{0};
};

/// What a client calls a virtio device; empty where there can be only one of its kind.
std::string_view client_id(const Statistics& statistics, const machine::VirtioStatistics& device);
/// "block", "net", …
std::string_view type_word(virtio::DeviceType type);
/// "port_read", …: kinds of exits.
std::string_view exit_word(std::size_t kind);

}  // namespace skiff::api
