// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/device_report.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/units.h"

namespace skiff::machine {
namespace {

/// VIRTIO 1.2, 5.5.6.4, in the order of the tags.
struct Statistic {
    std::string_view name;
    bool is_size;
};
constexpr std::array<Statistic, virtio::balloon::kStatTags> kStatistics = {{
    {"swapped in", true},
    {"swapped out", true},
    {"major faults", false},
    {"minor faults", false},
    {"free", true},
    {"total", true},
    {"available", true},
    {"caches", true},
    {"huge pages taken", false},
    {"huge pages failed", false},
}};

std::string describe_statistics(const virtio::balloon::BalloonStatistics& statistics) {
    std::string text;
    for (std::size_t tag = 0; tag < statistics.size(); ++tag) {
        if (statistics.at(tag).has_value()) {
            const std::uint64_t value = *statistics.at(tag);
            text += fmt::format(
                "{}{} {}", text.empty() ? "" : ", ", kStatistics.at(tag).name,
                kStatistics.at(tag).is_size ? format_size(value) : std::to_string(value));
        }
    }
    return text.empty() ? "nothing" : text;
}

std::string describe(const BalloonStatistics& balloon) {
    return fmt::format(
        "balloon: given back: {} inflated, {} reported; {} pages deflated, {} hinted, {} pages "
        "refused",
        format_size(balloon.inflated_bytes), format_size(balloon.reported_bytes),
        balloon.deflated_pages, format_size(balloon.hinted_bytes), balloon.refused_pages);
}

std::string describe(const DiskStatistics& disk) {
    return fmt::format("disk {}: {} reads ({}), {} writes ({}), {} flushes, {} discards, {} errors",
                       disk.path, disk.reads, format_size(disk.read_bytes), disk.writes,
                       format_size(disk.written_bytes), disk.flushes, disk.range_changes,
                       disk.errors);
}

std::string describe(const NetStatistics::Direction& direction, std::string_view what) {
    return fmt::format("{} frames {} ({}), {} dropped", direction.frames, what,
                       format_size(direction.bytes), direction.dropped);
}

std::string describe(const NetStatistics& net) {
    return fmt::format("net {}: {}; {}; {} filtered", net.name, describe(net.received, "received"),
                       describe(net.sent, "sent"), net.filtered);
}

std::string describe(const PortStatistics& port) {
    return fmt::format("console: port {}{}{}: {} bytes from the guest, {} to it", port.id,
                       port.name.empty() ? "" : " ", port.name, port.bytes_out, port.bytes_in);
}

std::string describe(const VsockStatistics& vsock) {
    return fmt::format(
        "vsock: {} streams from the host, {} from the guest, {} refused, {} reset; {} to the "
        "guest, {} from it; {} strange packets",
        vsock.streams_from_host, vsock.streams_from_guest, vsock.refused, vsock.resets,
        format_size(vsock.bytes_to_guest), format_size(vsock.bytes_from_guest),
        vsock.strange_packets);
}

}  // namespace

std::vector<std::string> describe_devices(const MachineStatistics& statistics) {
    std::vector<std::string> lines;
    for (const VirtioStatistics& device : statistics.devices) {
        for (std::size_t i = 0; i < device.queues.size(); ++i) {
            const QueueStatistics& queue = device.queues[i];
            lines.push_back(fmt::format(
                "{}: queue {}: {} chains, {} notifications, {} interrupts, {} errors", device.name,
                i, queue.chains, queue.kicks, queue.interrupts, queue.errors));
        }
    }
    if (statistics.balloon.has_value()) {
        lines.push_back(describe(*statistics.balloon));
    }
    if (statistics.console.has_value()) {
        for (const PortStatistics& port : statistics.console->ports) {
            lines.push_back(describe(port));
        }
        lines.push_back(fmt::format("console: {} control messages ignored",
                                    statistics.console->ignored_messages));
    }
    for (const DiskStatistics& disk : statistics.disks) {
        lines.push_back(describe(disk));
    }
    for (const NetStatistics& net : statistics.nets) {
        lines.push_back(describe(net));
    }
    if (statistics.vsock.has_value()) {
        lines.push_back(describe(*statistics.vsock));
    }
    return lines;
}

std::vector<std::string> describe_balloon(const BalloonState& balloon) {
    std::vector<std::string> lines = {fmt::format("balloon: {} in it, {} wanted",
                                                  format_size(balloon.actual_bytes),
                                                  format_size(balloon.target_bytes))};
    if (balloon.statistics_age.has_value()) {
        lines.push_back(fmt::format("the guest's memory, {} s ago: {}",
                                    balloon.statistics_age->count() / 1000,
                                    describe_statistics(balloon.statistics)));
    }
    if (balloon.is_hinting || balloon.hinted_bytes != 0) {
        lines.push_back(fmt::format("free page hints: {}{}", format_size(balloon.hinted_bytes),
                                    balloon.is_hinting ? " so far" : " in the last run"));
    }
    return lines;
}

}  // namespace skiff::machine
