// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/reports/prometheus_text.h"

#include <fmt/format.h>

#include <array>
#include <initializer_list>
#include <utility>

#include "vmm/api/version.h"

namespace skiff::api {
namespace {

using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;
using machine::MachineStatistics;

/// What all samples of one name have in common, and where the number comes from.
template <typename T>
struct Family {
    std::string_view name;
    std::string_view help;
    std::uint64_t T::*value;
};

class Exposition {
  public:
    void counter(std::string_view name, std::string_view help) { begin(name, "counter", help); }
    void gauge(std::string_view name, std::string_view help) { begin(name, "gauge", help); }
    /// Of the family that was begun last.
    void sample(Labels labels, std::string_view value) {
        text_ += name_;
        std::string_view separator = "{";
        for (const auto& [label, content] : labels) {
            text_ += fmt::format("{}{}=\"{}\"", separator, label, escaped(content));
            separator = ",";
        }
        text_ += fmt::format("{}{}\n", labels.size() == 0 ? " " : "} ", value);
    }
    void sample(Labels labels, std::uint64_t value) { sample(labels, std::to_string(value)); }
    std::string take() { return std::move(text_); }

  private:
    void begin(std::string_view name, std::string_view type, std::string_view help) {
        name_ = fmt::format("skiff_{}", name);
        text_ += fmt::format("# HELP {} {}\n# TYPE {} {}\n", name_, help, name_, type);
    }
    static std::string escaped(std::string_view value) {
        std::string text;
        for (const char c : value) {
            text += c == '\\' ? "\\\\" : c == '"' ? "\\\"" : c == '\n' ? "\\n" : std::string(1, c);
        }
        return text;
    }

    std::string name_;
    std::string text_;
};

/// "12.000345"
std::string seconds(std::chrono::microseconds time) {
    return fmt::format("{}.{:06}", time.count() / 1'000'000, time.count() % 1'000'000);
}

void write_process(Exposition& to, const Statistics& statistics) {
    to.gauge("info", "The microVM, and the version of the API that it is described by.");
    to.sample({{"id", statistics.id}, {"api_version", kFirecrackerVersion}}, 1);
    to.gauge("state", "1 for the state that the microVM is in.");
    for (const std::string_view state : {"Not started", "Running", "Paused"}) {
        to.sample({{"state", state}}, state == statistics.state ? 1 : 0);
    }
    to.counter("api_requests_total", "Requests to the API, by verb and result.");
    for (const RequestCount& verb : statistics.requests.by_verb) {
        to.sample({{"method", verb.group}, {"result", "ok"}}, verb.count - verb.fails);
        to.sample({{"method", verb.group}, {"result", "error"}}, verb.fails);
    }
    to.counter("log_lost_lines_total", "Lines of the log that its reader did not take.");
    to.sample({}, statistics.lost_log_lines);
    to.counter("metrics_lost_lines_total", "Lines of the metrics file that were not taken.");
    to.sample({}, statistics.lost_metrics_lines);
}

void write_memory(Exposition& to, const Statistics& statistics, const MachineStatistics& machine) {
    to.gauge("guest_memory_bytes", "The guest's memory.");
    to.sample({}, machine.memory_bytes);
    if (statistics.resident.has_value()) {
        to.gauge("guest_memory_resident_bytes", "What of it takes memory of the host.");
        to.sample({}, statistics.resident->guest_bytes);
        to.gauge("vmm_memory_resident_bytes", "What the process takes besides.");
        to.sample({}, statistics.resident->vmm_bytes);
    }
}

void write_vcpus(Exposition& to, const MachineStatistics& machine) {
    to.counter("vcpu_exits_total", "Times that a vCPU left the guest for the VMM, by reason.");
    for (std::size_t vcpu = 0; vcpu < machine.exits.size(); ++vcpu) {
        for (std::size_t kind = 0; kind < machine::kExitKinds; ++kind) {
            to.sample({{"vcpu", std::to_string(vcpu)}, {"reason", exit_word(kind)}},
                      machine.exits[vcpu].at(kind));
        }
    }
    to.counter("unclaimed_accesses_total", "Accesses that no device claimed.");
    to.sample({{"space", "port"}}, machine.unclaimed_port_accesses);
    to.sample({{"space", "mmio"}}, machine.unclaimed_mmio_accesses);
}

void write_queues(Exposition& to, const Statistics& statistics, const MachineStatistics& machine) {
    constexpr std::array kFamilies = {
        Family<machine::QueueStatistics>{"virtio_queue_chains_total",
                                         "Descriptor chains taken from a virtio queue.",
                                         &machine::QueueStatistics::chains},
        Family<machine::QueueStatistics>{"virtio_queue_kicks_total",
                                         "Times that the driver notified of a virtio queue.",
                                         &machine::QueueStatistics::kicks},
        Family<machine::QueueStatistics>{"virtio_queue_interrupts_total",
                                         "Interrupts for a virtio queue that the driver wanted.",
                                         &machine::QueueStatistics::interrupts},
        Family<machine::QueueStatistics>{"virtio_queue_errors_total",
                                         "Times that the driver broke the rules of a virtio queue.",
                                         &machine::QueueStatistics::errors},
    };
    for (const auto& family : kFamilies) {
        to.counter(family.name, family.help);
        for (const machine::VirtioStatistics& device : machine.devices) {
            for (std::size_t queue = 0; queue < device.queues.size(); ++queue) {
                to.sample({{"device", type_word(device.type)},
                           {"id", client_id(statistics, device)},
                           {"queue", std::to_string(queue)}},
                          device.queues[queue].*family.value);
            }
        }
    }
}

/// Counters of something that there are several of, each with an id.
template <typename T, std::size_t N>
void write_each(Exposition& to, std::string_view label, const std::vector<T>& things,
                const std::vector<std::string>& ids, const std::array<Family<T>, N>& families) {
    for (const auto& family : families) {
        if (!things.empty()) {
            to.counter(family.name, family.help);
        }
        for (std::size_t i = 0; i < things.size(); ++i) {
            to.sample({{label, i < ids.size() ? std::string_view(ids[i]) : ""}},
                      things[i].*family.value);
        }
    }
}

void write_disks(Exposition& to, const Statistics& statistics, const MachineStatistics& machine) {
    using Disk = machine::DiskStatistics;
    constexpr std::array kFamilies = {
        Family<Disk>{"block_reads_total", "Reads of a disk.", &Disk::reads},
        Family<Disk>{"block_read_bytes_total", "Bytes read from a disk.", &Disk::read_bytes},
        Family<Disk>{"block_writes_total", "Writes to a disk.", &Disk::writes},
        Family<Disk>{"block_written_bytes_total", "Bytes written to a disk.", &Disk::written_bytes},
        Family<Disk>{"block_flushes_total", "Flushes of a disk.", &Disk::flushes},
        Family<Disk>{"block_range_changes_total", "Ranges of a disk discarded or zeroed.",
                     &Disk::range_changes},
        Family<Disk>{"block_errors_total", "Requests that a disk did not answer with OK.",
                     &Disk::errors},
    };
    write_each(to, "drive", machine.disks, statistics.drive_ids, kFamilies);
}

void write_nets(Exposition& to, const Statistics& statistics, const MachineStatistics& machine) {
    using Direction = machine::NetStatistics::Direction;
    const auto family = [&](std::string_view name, std::string_view help,
                            std::uint64_t Direction::*value) {
        if (machine.nets.empty()) {
            return;
        }
        to.counter(name, help);
        for (std::size_t i = 0; i < machine.nets.size() && i < statistics.net_ids.size(); ++i) {
            const machine::NetStatistics& net = machine.nets[i];
            to.sample({{"interface", statistics.net_ids[i]}, {"direction", "received"}},
                      net.received.*value);
            to.sample({{"interface", statistics.net_ids[i]}, {"direction", "sent"}},
                      net.sent.*value);
        }
    };
    family("net_frames_total", "Frames that the guest received and sent.", &Direction::frames);
    family("net_bytes_total", "Bytes of these frames.", &Direction::bytes);
    family("net_dropped_frames_total", "Frames that were lost.", &Direction::dropped);
}

template <typename T, std::size_t N>
void write_one(Exposition& to, const std::optional<T>& thing,
               const std::array<Family<T>, N>& counters) {
    for (const auto& family : counters) {
        if (thing.has_value()) {
            to.counter(family.name, family.help);
            to.sample({}, *thing.*family.value);
        }
    }
}

void write_balloon(Exposition& to, const MachineStatistics& machine) {
    using Balloon = machine::BalloonStatistics;
    if (machine.balloon.has_value()) {
        to.gauge("balloon_target_bytes", "How large the balloon is to be.");
        to.sample({}, machine.balloon->target_bytes);
        to.gauge("balloon_actual_bytes", "How large it is, by the guest's word.");
        to.sample({}, machine.balloon->actual_bytes);
    }
    constexpr std::array kFamilies = {
        Family<Balloon>{"balloon_inflated_bytes_total", "Memory given back by inflating.",
                        &Balloon::inflated_bytes},
        Family<Balloon>{"balloon_reported_bytes_total", "Memory given back as reported free.",
                        &Balloon::reported_bytes},
        Family<Balloon>{"balloon_hinted_bytes_total", "Memory that the guest hinted as free.",
                        &Balloon::hinted_bytes},
        Family<Balloon>{"balloon_deflated_pages_total", "Pages of 4 KiB taken out again.",
                        &Balloon::deflated_pages},
        Family<Balloon>{"balloon_refused_pages_total", "Pages that could not be given back.",
                        &Balloon::refused_pages},
    };
    write_one(to, machine.balloon, kFamilies);
}

void write_streams(Exposition& to, const MachineStatistics& machine) {
    using Vsock = machine::VsockStatistics;
    constexpr std::array kVsock = {
        Family<Vsock>{"vsock_streams_from_host_total", "Streams that the host began.",
                      &Vsock::streams_from_host},
        Family<Vsock>{"vsock_streams_from_guest_total", "Streams that the guest began.",
                      &Vsock::streams_from_guest},
        Family<Vsock>{"vsock_refused_streams_total", "Streams that nobody listened for.",
                      &Vsock::refused},
        Family<Vsock>{"vsock_resets_total", "Streams that the device reset.", &Vsock::resets},
        Family<Vsock>{"vsock_to_guest_bytes_total", "Bytes to the guest.", &Vsock::bytes_to_guest},
        Family<Vsock>{"vsock_from_guest_bytes_total", "Bytes from the guest.",
                      &Vsock::bytes_from_guest},
        Family<Vsock>{"vsock_strange_packets_total", "Packets that belong to no stream.",
                      &Vsock::strange_packets},
    };
    write_one(to, machine.vsock, kVsock);
    to.counter("serial_bytes_total", "Bytes that the guest sent and read on its serial port.");
    to.sample({{"direction", "sent"}}, machine.serial.bytes_out);
    to.sample({{"direction", "read"}}, machine.serial.bytes_in);
    if (machine.console.has_value()) {
        to.counter("console_port_bytes_total", "Bytes on a port of the virtio console.");
        for (const machine::PortStatistics& port : machine.console->ports) {
            const std::string id = std::to_string(port.id);
            to.sample({{"port", id}, {"name", port.name}, {"direction", "sent"}}, port.bytes_out);
            to.sample({{"port", id}, {"name", port.name}, {"direction", "received"}},
                      port.bytes_in);
        }
    }
}

}  // namespace

std::string prometheus_text(const Statistics& statistics) {
    Exposition to;
    write_process(to, statistics);
    if (statistics.machine.has_value()) {
        const MachineStatistics& machine = *statistics.machine;
        to.gauge("uptime_seconds", "How long ago the vCPUs were started.");
        to.sample({}, seconds(machine.uptime));
        write_memory(to, statistics, machine);
        write_vcpus(to, machine);
        write_queues(to, statistics, machine);
        write_disks(to, statistics, machine);
        write_nets(to, statistics, machine);
        write_balloon(to, machine);
        write_streams(to, machine);
    }
    return to.take();
}

}  // namespace skiff::api
