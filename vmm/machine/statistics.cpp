// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/statistics.h"

#include <map>

#include "vmm/machine/virtio_devices.h"

namespace skiff::machine {
namespace {

VirtioStatistics statistics_of(const virtio::mmio::MmioTransport& transport) {
    VirtioStatistics device{
        .name = transport.name(), .type = transport.device().type(), .place = 0, .queues = {}};
    for (std::size_t i = 0; i < transport.queues().count(); ++i) {
        const virtio::QueueCounters& counters = transport.queues().counters(i);
        device.queues.push_back({.chains = counters.chains.value(),
                                 .kicks = counters.notifications.value(),
                                 .interrupts = counters.interrupts.value(),
                                 .errors = counters.errors.value()});
    }
    return device;
}

DiskStatistics statistics_of(const virtio::block::BlockDevice& disk) {
    DiskStatistics sum{.path = disk.file().path()};
    for (std::size_t queue = 0; queue < disk.queue_max_sizes().size(); ++queue) {
        const virtio::block::DiskCounters& counters = disk.counters(queue);
        sum.reads += counters.reads.value();
        sum.read_bytes += counters.read_bytes.value();
        sum.writes += counters.writes.value();
        sum.written_bytes += counters.written_bytes.value();
        sum.flushes += counters.flushes.value();
        sum.range_changes += counters.range_changes.value();
        sum.errors += counters.errors.value();
    }
    return sum;
}

void add(const virtio::net::NetCounters& counters, NetStatistics::Direction& sum) {
    sum.frames += counters.frames.value();
    sum.bytes += counters.bytes.value();
    sum.dropped += counters.dropped.value();
}

NetStatistics statistics_of(const virtio::net::NetDevice& net) {
    NetStatistics sum{.name = net.name(), .received = {}, .sent = {}};
    for (unsigned pair = 0; pair < net.queue_pairs(); ++pair) {
        add(net.received(pair), sum.received);
        add(net.sent(pair), sum.sent);
        sum.filtered += net.received(pair).filtered.value();
    }
    return sum;
}

BalloonStatistics statistics_of(const virtio::balloon::BalloonDevice& balloon) {
    const virtio::balloon::BalloonCounters& counters = balloon.counters();
    return {.target_bytes = balloon.target_bytes(),
            .actual_bytes = balloon.actual_bytes(),
            .inflated_bytes = counters.inflated_bytes.value(),
            .deflated_pages = counters.deflated_pages.value(),
            .reported_bytes = counters.reported_bytes.value(),
            .hinted_bytes = counters.hinted_bytes.value(),
            .refused_pages = counters.refused_pages.value()};
}

ConsoleStatistics statistics_of(const virtio::console::ConsoleDevice& console) {
    ConsoleStatistics statistics;
    for (const auto& port : console.ports()) {
        statistics.ports.push_back({.id = port->id(),
                                    .name = port->name(),
                                    .bytes_out = port->counters().bytes_out.value(),
                                    .bytes_in = port->counters().bytes_in.value()});
    }
    statistics.ignored_messages = console.ignored_messages().value();
    return statistics;
}

VsockStatistics statistics_of(const virtio::vsock::VsockDevice& vsock) {
    const virtio::vsock::VsockCounters& counters = vsock.counters();
    return {.streams_from_host = counters.streams_from_host.value(),
            .streams_from_guest = counters.streams_from_guest.value(),
            .refused = counters.refused.value(),
            .resets = counters.resets.value(),
            .bytes_to_guest = counters.bytes_to_guest.value(),
            .bytes_from_guest = counters.bytes_from_guest.value(),
            .strange_packets = counters.strange_packets.value()};
}

}  // namespace

void collect_devices(const VirtioDevices& devices, MachineStatistics& statistics) {
    std::map<virtio::DeviceType, std::size_t> count;
    for (const auto& transport : devices.transports()) {
        statistics.devices.push_back(statistics_of(*transport));
        statistics.devices.back().place = count[transport->device().type()]++;
    }
    for (const virtio::block::BlockDevice* const disk : devices.disks()) {
        statistics.disks.push_back(statistics_of(*disk));
    }
    for (const virtio::net::NetDevice* const net : devices.nets()) {
        statistics.nets.push_back(statistics_of(*net));
    }
    if (const auto* const balloon = devices.balloon()) {
        statistics.balloon = statistics_of(*balloon);
    }
    if (const auto* const console = devices.console()) {
        statistics.console = statistics_of(*console);
    }
    if (const auto* const vsock = devices.vsock()) {
        statistics.vsock = statistics_of(*vsock);
    }
}

}  // namespace skiff::machine
