// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/reports/stats_json.h"

#include "base/json_writer.h"

namespace skiff::api {
namespace {

using machine::MachineStatistics;

void write_exits(JsonWriter& json, const MachineStatistics& machine) {
    json.begin_array("vcpus");
    for (const machine::ExitCounts& vcpu : machine.exits) {
        json.begin_object();
        json.begin_object("exits");
        for (std::size_t kind = 0; kind < vcpu.size(); ++kind) {
            json.number(exit_word(kind), vcpu.at(kind));
        }
        json.end_object();
        json.end_object();
    }
    json.end_array();
    json.begin_object("unclaimed_accesses");
    json.number("port", machine.unclaimed_port_accesses);
    json.number("mmio", machine.unclaimed_mmio_accesses);
    json.end_object();
}

void write_memory(JsonWriter& json, const Statistics& statistics,
                  const MachineStatistics& machine) {
    json.begin_object("memory");
    json.number("guest_bytes", machine.memory_bytes);
    if (statistics.resident.has_value()) {
        json.number("guest_resident_bytes", statistics.resident->guest_bytes);
        json.number("vmm_resident_bytes", statistics.resident->vmm_bytes);
    }
    json.end_object();
}

void write_queues(JsonWriter& json, const Statistics& statistics,
                  const MachineStatistics& machine) {
    json.begin_array("queues");
    for (const machine::VirtioStatistics& device : machine.devices) {
        for (std::size_t queue = 0; queue < device.queues.size(); ++queue) {
            json.begin_object();
            json.string("device", type_word(device.type));
            json.string("id", client_id(statistics, device));
            json.number("queue", queue);
            json.number("chains", device.queues[queue].chains);
            json.number("kicks", device.queues[queue].kicks);
            json.number("interrupts", device.queues[queue].interrupts);
            json.number("errors", device.queues[queue].errors);
            json.end_object();
        }
    }
    json.end_array();
}

void write_disks(JsonWriter& json, const Statistics& statistics, const MachineStatistics& machine) {
    json.begin_array("drives");
    for (std::size_t i = 0; i < machine.disks.size() && i < statistics.drive_ids.size(); ++i) {
        const machine::DiskStatistics& disk = machine.disks[i];
        json.begin_object();
        json.string("drive_id", statistics.drive_ids[i]);
        json.number("reads", disk.reads);
        json.number("read_bytes", disk.read_bytes);
        json.number("writes", disk.writes);
        json.number("written_bytes", disk.written_bytes);
        json.number("flushes", disk.flushes);
        json.number("range_changes", disk.range_changes);
        json.number("errors", disk.errors);
        json.end_object();
    }
    json.end_array();
}

void write_nets(JsonWriter& json, const Statistics& statistics, const MachineStatistics& machine) {
    json.begin_array("network_interfaces");
    for (std::size_t i = 0; i < machine.nets.size() && i < statistics.net_ids.size(); ++i) {
        const machine::NetStatistics& net = machine.nets[i];
        json.begin_object();
        json.string("iface_id", statistics.net_ids[i]);
        json.number("received_frames", net.received.frames);
        json.number("received_bytes", net.received.bytes);
        json.number("received_dropped", net.received.dropped);
        json.number("filtered_frames", net.filtered);
        json.number("sent_frames", net.sent.frames);
        json.number("sent_bytes", net.sent.bytes);
        json.number("sent_dropped", net.sent.dropped);
        json.end_object();
    }
    json.end_array();
}

void write_others(JsonWriter& json, const MachineStatistics& machine) {
    if (machine.balloon.has_value()) {
        json.begin_object("balloon");
        json.number("target_bytes", machine.balloon->target_bytes);
        json.number("actual_bytes", machine.balloon->actual_bytes);
        json.number("inflated_bytes", machine.balloon->inflated_bytes);
        json.number("deflated_pages", machine.balloon->deflated_pages);
        json.number("reported_bytes", machine.balloon->reported_bytes);
        json.number("hinted_bytes", machine.balloon->hinted_bytes);
        json.number("refused_pages", machine.balloon->refused_pages);
        json.end_object();
    }
    if (machine.vsock.has_value()) {
        json.begin_object("vsock");
        json.number("streams_from_host", machine.vsock->streams_from_host);
        json.number("streams_from_guest", machine.vsock->streams_from_guest);
        json.number("refused", machine.vsock->refused);
        json.number("resets", machine.vsock->resets);
        json.number("bytes_to_guest", machine.vsock->bytes_to_guest);
        json.number("bytes_from_guest", machine.vsock->bytes_from_guest);
        json.number("strange_packets", machine.vsock->strange_packets);
        json.end_object();
    }
    json.begin_object("serial");
    json.number("bytes_sent", machine.serial.bytes_out);
    json.number("bytes_read", machine.serial.bytes_in);
    json.end_object();
    if (machine.console.has_value()) {
        json.begin_array("console_ports");
        for (const machine::PortStatistics& port : machine.console->ports) {
            json.begin_object();
            json.number("port", port.id);
            json.string("name", port.name);
            json.number("bytes_sent", port.bytes_out);
            json.number("bytes_received", port.bytes_in);
            json.end_object();
        }
        json.end_array();
    }
}

void write_requests(JsonWriter& json, const RequestCounts& requests) {
    json.begin_object("api_requests");
    for (const RequestCount& verb : requests.by_verb) {
        json.begin_object(verb.group);
        json.number("count", verb.count);
        json.number("fails", verb.fails);
        json.end_object();
    }
    json.end_object();
}

}  // namespace

std::string stats_json(const Statistics& statistics) {
    JsonWriter json;
    json.begin_object();
    json.string("id", statistics.id);
    json.string("state", statistics.state);
    json.number("lost_log_lines", statistics.lost_log_lines);
    json.number("lost_metrics_lines", statistics.lost_metrics_lines);
    write_requests(json, statistics.requests);
    if (statistics.machine.has_value()) {
        const MachineStatistics& machine = *statistics.machine;
        json.number("uptime_us", static_cast<std::uint64_t>(machine.uptime.count()));
        write_memory(json, statistics, machine);
        write_exits(json, machine);
        write_queues(json, statistics, machine);
        write_disks(json, statistics, machine);
        write_nets(json, statistics, machine);
        write_others(json, machine);
    }
    json.end_object();
    return json.text();
}

}  // namespace skiff::api
