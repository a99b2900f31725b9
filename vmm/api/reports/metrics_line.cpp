// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/reports/metrics_line.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/json_writer.h"

namespace skiff::api {
namespace {

using machine::MachineStatistics;
using Exit = kvm::VcpuExit::Kind;

class List {
  public:
    void counter(std::string_view group, std::string_view key, std::uint64_t value) {
        add(group, key, value, true);
    }
    void value(std::string_view group, std::string_view key, std::uint64_t value) {
        add(group, key, value, false);
    }
    std::vector<Metric> take() { return std::move(metrics_); }

  private:
    void add(std::string_view group, std::string_view key, std::uint64_t value, bool is_counter) {
        metrics_.push_back({std::string(group), std::string(key), value, is_counter});
    }

    std::vector<Metric> metrics_;
};

/// The queues of all devices of a type (of one, with its place), by what they count.
std::uint64_t sum_of(const MachineStatistics& machine, virtio::DeviceType type,
                     std::uint64_t machine::QueueStatistics::*counter, std::size_t first_queue = 0,
                     std::size_t step = 1, std::optional<std::size_t> place = {}) {
    std::uint64_t sum = 0;
    for (const machine::VirtioStatistics& device : machine.devices) {
        if (device.type != type || (place.has_value() && device.place != *place)) {
            continue;
        }
        for (std::size_t queue = first_queue; queue < device.queues.size(); queue += step) {
            sum += device.queues[queue].*counter;
        }
    }
    return sum;
}

/// One queue of a device of which there is at most one.
std::uint64_t one_queue(const MachineStatistics& machine, virtio::DeviceType type,
                        std::size_t queue, std::uint64_t machine::QueueStatistics::*counter) {
    for (const machine::VirtioStatistics& device : machine.devices) {
        if (device.type == type && queue < device.queues.size()) {
            return device.queues[queue].*counter;
        }
    }
    return 0;
}

void add_requests(List& list, const RequestCounts& requests, std::string_view group) {
    for (const RequestCount& request : requests.by_resource) {
        if (request.group != group) {
            continue;
        }
        list.counter(group, fmt::format("{}_count", request.name), request.count);
        if (group != "get_api_requests") {
            list.counter(group, fmt::format("{}_fails", request.name), request.fails);
        }
    }
}

void add_balloon(List& list, const MachineStatistics& machine) {
    constexpr auto kBalloon = virtio::DeviceType::kBalloon;
    constexpr auto kChains = &machine::QueueStatistics::chains;
    // VIRTIO 1.2, 5.5.2; who drives the last one drives all before it.
    constexpr std::size_t kReportingQueue = 4;
    list.counter("balloon", "inflate_count", one_queue(machine, kBalloon, 0, kChains));
    list.counter("balloon", "deflate_count", one_queue(machine, kBalloon, 1, kChains));
    list.counter("balloon", "free_page_report_count",
                 one_queue(machine, kBalloon, kReportingQueue, kChains));
    list.counter("balloon", "free_page_report_freed",
                 machine.balloon.has_value() ? machine.balloon->reported_bytes : 0);
}

void add_disk(List& list, const std::string& group, const machine::DiskStatistics& disk,
              std::uint64_t kicks) {
    list.counter(group, "execute_fails", disk.errors);
    list.counter(group, "flush_count", disk.flushes);
    list.counter(group, "queue_event_count", kicks);
    list.counter(group, "read_bytes", disk.read_bytes);
    list.counter(group, "write_bytes", disk.written_bytes);
    list.counter(group, "read_count", disk.reads);
    list.counter(group, "write_count", disk.writes);
}

void add_disks(List& list, const Statistics& statistics, const MachineStatistics& machine) {
    constexpr auto kBlock = virtio::DeviceType::kBlock;
    constexpr auto kKicks = &machine::QueueStatistics::kicks;
    machine::DiskStatistics all;
    for (const machine::DiskStatistics& disk : machine.disks) {
        all.reads += disk.reads;
        all.read_bytes += disk.read_bytes;
        all.writes += disk.writes;
        all.written_bytes += disk.written_bytes;
        all.flushes += disk.flushes;
        all.errors += disk.errors;
    }
    add_disk(list, "block", all, sum_of(machine, kBlock, kKicks));
    for (std::size_t i = 0; i < machine.disks.size() && i < statistics.drive_ids.size(); ++i) {
        add_disk(list, "block_" + statistics.drive_ids[i], machine.disks[i],
                 sum_of(machine, kBlock, kKicks, 0, 1, i));
    }
}

void add_net(List& list, const std::string& group, const machine::NetStatistics& net,
             const MachineStatistics& machine, std::optional<std::size_t> place) {
    // VIRTIO 1.2, 5.1.2: even queues receive, odd ones transmit; the last, even one, is control.
    constexpr auto kNet = virtio::DeviceType::kNetwork;
    constexpr auto kKicks = &machine::QueueStatistics::kicks;
    list.counter(group, "rx_bytes_count", net.received.bytes);
    list.counter(group, "rx_packets_count", net.received.frames);
    list.counter(group, "rx_fails", net.received.dropped);
    list.counter(group, "tx_bytes_count", net.sent.bytes);
    list.counter(group, "tx_packets_count", net.sent.frames);
    list.counter(group, "tx_fails", net.sent.dropped);
    list.counter(group, "tx_queue_event_count", sum_of(machine, kNet, kKicks, 1, 2, place));
}

void add_nets(List& list, const Statistics& statistics, const MachineStatistics& machine) {
    machine::NetStatistics all;
    for (const machine::NetStatistics& net : machine.nets) {
        all.received.frames += net.received.frames;
        all.received.bytes += net.received.bytes;
        all.received.dropped += net.received.dropped;
        all.sent.frames += net.sent.frames;
        all.sent.bytes += net.sent.bytes;
        all.sent.dropped += net.sent.dropped;
    }
    add_net(list, "net", all, machine, {});
    for (std::size_t i = 0; i < machine.nets.size() && i < statistics.net_ids.size(); ++i) {
        add_net(list, "net_" + statistics.net_ids[i], machine.nets[i], machine, i);
    }
}

void add_vcpus(List& list, const MachineStatistics& machine) {
    const auto exits = [&machine](Exit kind) {
        std::uint64_t sum = 0;
        for (const machine::ExitCounts& vcpu : machine.exits) {
            sum += vcpu.at(static_cast<std::size_t>(kind));
        }
        return sum;
    };
    list.counter("vcpu", "exit_io_in", exits(Exit::kPortRead));
    list.counter("vcpu", "exit_io_out", exits(Exit::kPortWrite));
    list.counter("vcpu", "exit_mmio_read", exits(Exit::kMmioRead));
    list.counter("vcpu", "exit_mmio_write", exits(Exit::kMmioWrite));
    list.counter("vcpu", "failures",
                 exits(Exit::kInternalError) + exits(Exit::kFailEntry) + exits(Exit::kUnhandled));
}

void add_vsock(List& list, const MachineStatistics& machine) {
    // VIRTIO 1.2, 5.10.2: queue 0 receives, queue 1 transmits; a chain is a packet.
    constexpr auto kVsock = virtio::DeviceType::kVsock;
    const machine::VsockStatistics vsock = machine.vsock.value_or(machine::VsockStatistics{});
    const auto queue = [&](std::size_t index, std::uint64_t machine::QueueStatistics::*counter) {
        return one_queue(machine, kVsock, index, counter);
    };
    list.counter("vsock", "rx_queue_event_count", queue(0, &machine::QueueStatistics::kicks));
    list.counter("vsock", "tx_queue_event_count", queue(1, &machine::QueueStatistics::kicks));
    list.counter("vsock", "rx_bytes_count", vsock.bytes_to_guest);
    list.counter("vsock", "tx_bytes_count", vsock.bytes_from_guest);
    list.counter("vsock", "tx_packets_count", queue(1, &machine::QueueStatistics::chains));
    list.counter("vsock", "conns_added", vsock.streams_from_host + vsock.streams_from_guest);
}

void add_machine(List& list, const Statistics& statistics, const MachineStatistics& machine) {
    add_balloon(list, machine);
    add_disks(list, statistics, machine);
    list.counter(
        "entropy", "entropy_event_count",
        one_queue(machine, virtio::DeviceType::kEntropy, 0, &machine::QueueStatistics::chains));
    add_nets(list, statistics, machine);
    add_vcpus(list, machine);
    add_vsock(list, machine);
    list.counter("uart", "read_count", machine.serial.bytes_in);
    list.counter("uart", "write_count", machine.serial.bytes_out);
}

}  // namespace

std::vector<Metric> metrics_of(const Statistics& statistics) {
    List list;
    if (statistics.start_up.us.has_value()) {
        list.value("api_server", "process_startup_time_us", *statistics.start_up.us);
    }
    if (statistics.start_up.cpu_us.has_value()) {
        list.value("api_server", "process_startup_time_cpu_us", *statistics.start_up.cpu_us);
    }
    for (const std::string_view group :
         {"get_api_requests", "patch_api_requests", "put_api_requests"}) {
        add_requests(list, statistics.requests, group);
    }
    list.value("latencies_us", "vmm_pause_vm",
               static_cast<std::uint64_t>(statistics.pause_time.count()));
    list.value("latencies_us", "vmm_resume_vm",
               static_cast<std::uint64_t>(statistics.resume_time.count()));
    list.counter("logger", "missed_log_count", statistics.lost_log_lines);
    list.counter("logger", "missed_metrics_count", statistics.lost_metrics_lines);
    if (statistics.machine.has_value()) {
        add_machine(list, statistics, *statistics.machine);
    }
    return list.take();
}

std::string metrics_line(const Metrics& settings, const std::string& id, std::uint64_t utc_ms,
                         std::span<const Metric> now, std::span<const Metric> last) {
    JsonWriter json(JsonWriter::Layout::kOneLine);
    json.begin_object();
    json.number("utc_timestamp_ms", utc_ms);
    if (settings.emit_id) {
        json.string("id", id);
    }
    if (settings.properties.has_value()) {
        json.begin_object("properties");
        for (const auto& [key, value] : *settings.properties) {
            json.string(key, value);
        }
        json.end_object();
    }
    std::string_view group;
    for (const Metric& metric : now) {
        if (metric.group != group) {
            if (!group.empty()) {
                json.end_object();
            }
            group = metric.group;
            json.begin_object(group);
        }
        const auto before = std::find_if(last.begin(), last.end(), [&](const Metric& other) {
            return other.group == metric.group && other.key == metric.key;
        });
        const bool is_new = !metric.is_counter || before == last.end();
        json.number(metric.key, is_new ? metric.value : metric.value - before->value);
    }
    if (!group.empty()) {
        json.end_object();
    }
    json.end_object();
    return json.text();
}

}  // namespace skiff::api
