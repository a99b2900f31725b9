// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/device_report.h"

#include <fmt/format.h>

#include <array>
#include <string_view>

#include "base/units.h"

namespace skiff::machine {
namespace {

using virtio::balloon::BalloonCounters;
using virtio::balloon::BalloonStatistics;

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

std::string describe_statistics(const BalloonStatistics& statistics) {
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

std::string describe_counters(const BalloonCounters& counters) {
    return fmt::format(
        "balloon: given back: {} inflated, {} reported; {} pages deflated, {} hinted, {} pages "
        "refused",
        format_size(counters.inflated_bytes.value()), format_size(counters.reported_bytes.value()),
        counters.deflated_pages.value(), format_size(counters.hinted_bytes.value()),
        counters.refused_pages.value());
}

}  // namespace

std::vector<std::string> describe_devices(const VirtioDevices& devices) {
    std::vector<std::string> lines;
    for (const auto& transport : devices.transports()) {
        for (std::size_t i = 0; i < transport->queues().count(); ++i) {
            const virtio::QueueCounters& counters = transport->queues().counters(i);
            lines.push_back(fmt::format(
                "{}: queue {}: {} chains, {} notifications, {} interrupts, {} errors",
                transport->name(), i, counters.chains.value(), counters.notifications.value(),
                counters.interrupts.value(), counters.errors.value()));
        }
    }
    if (const auto* const balloon = devices.balloon()) {
        lines.push_back(describe_counters(balloon->counters()));
    }
    if (const auto* const console = devices.console()) {
        for (const auto& port : console->ports()) {
            lines.push_back(fmt::format("console: port {}{}{}: {} bytes from the guest, {} to it",
                                        port->id(), port->name().empty() ? "" : " ", port->name(),
                                        port->counters().bytes_out.value(),
                                        port->counters().bytes_in.value()));
        }
        lines.push_back(fmt::format("console: {} control messages ignored",
                                    console->ignored_messages().value()));
    }
    for (const virtio::block::BlockDevice* const disk : devices.disks()) {
        lines.push_back(fmt::format("disk {}: {}", disk->file().path(), disk->describe_counters()));
    }
    for (const virtio::net::NetDevice* const net : devices.nets()) {
        lines.push_back(fmt::format("net {}: {}", net->name(), net->describe_counters()));
    }
    if (const auto* const vsock = devices.vsock()) {
        lines.push_back(fmt::format("vsock: {}", vsock->describe_counters()));
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
