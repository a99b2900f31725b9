// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "virtio/device.h"
#include "vmm/machine/exit_counters.h"

/// What a machine has done so far: the one source of its reports, metrics and statistics
/// (MachineControl::statistics()). Counters count since the machine was made.
namespace skiff::machine {

/// One queue of a virtio device.
struct QueueStatistics {
    std::uint64_t chains = 0;      ///< Descriptor chains taken.
    std::uint64_t kicks = 0;       ///< Times that the driver woke us.
    std::uint64_t interrupts = 0;  ///< That the driver wanted.
    std::uint64_t errors = 0;      ///< Times that the ring was broken.
};

/// The virtio side of any device.
struct VirtioStatistics {
    std::string name;
    virtio::DeviceType type{};
    std::size_t place = 0;  ///< Among the devices of its type: in the configuration's order.
    std::vector<QueueStatistics> queues;
};

struct DiskStatistics {
    std::string path;
    std::uint64_t reads = 0;
    std::uint64_t read_bytes = 0;
    std::uint64_t writes = 0;
    std::uint64_t written_bytes = 0;
    std::uint64_t flushes = 0;
    std::uint64_t range_changes = 0;  ///< DISCARD and WRITE_ZEROES.
    std::uint64_t errors = 0;         ///< Requests that were not answered with OK.
};

struct NetStatistics {
    struct Direction {
        std::uint64_t frames = 0;
        std::uint64_t bytes = 0;
        std::uint64_t dropped = 0;
    };
    std::string name;
    Direction received;  ///< By the guest.
    Direction sent;
    std::uint64_t filtered = 0;  ///< Frames that the driver does not want.
};

struct BalloonStatistics {
    std::uint64_t target_bytes = 0;
    std::uint64_t actual_bytes = 0;
    std::uint64_t inflated_bytes = 0;
    std::uint64_t deflated_pages = 0;
    std::uint64_t reported_bytes = 0;
    std::uint64_t hinted_bytes = 0;
    std::uint64_t refused_pages = 0;
};

struct VsockStatistics {
    std::uint64_t streams_from_host = 0;
    std::uint64_t streams_from_guest = 0;
    std::uint64_t refused = 0;
    std::uint64_t resets = 0;
    std::uint64_t bytes_to_guest = 0;
    std::uint64_t bytes_from_guest = 0;
    std::uint64_t strange_packets = 0;
};

/// A port of the virtio console.
struct PortStatistics {
    std::uint32_t id = 0;
    std::string name;  ///< Empty: the console.
    std::uint64_t bytes_out = 0;
    std::uint64_t bytes_in = 0;
};

struct ConsoleStatistics {
    std::vector<PortStatistics> ports;
    std::uint64_t ignored_messages = 0;
};

/// The 16550A.
struct SerialStatistics {
    std::uint64_t bytes_out = 0;  ///< That the guest sent.
    std::uint64_t bytes_in = 0;   ///< That it has read.
};

struct MachineStatistics {
    std::chrono::microseconds uptime{0};  ///< Since the vCPUs were started.
    std::uint64_t memory_bytes = 0;       ///< The guest's.
    std::vector<ExitCounts> exits;        ///< By vCPU.
    std::vector<VirtioStatistics> devices;
    std::vector<DiskStatistics> disks;  ///< In the configuration's order.
    std::vector<NetStatistics> nets;    ///< Likewise.
    std::optional<BalloonStatistics> balloon;
    std::optional<ConsoleStatistics> console;
    std::optional<VsockStatistics> vsock;
    SerialStatistics serial;
    std::uint64_t unclaimed_port_accesses = 0;
    std::uint64_t unclaimed_mmio_accesses = 0;
};

class VirtioDevices;

/// Puts in what the virtio devices have counted. Any thread.
void collect_devices(const VirtioDevices& devices, MachineStatistics& statistics);

}  // namespace skiff::machine
