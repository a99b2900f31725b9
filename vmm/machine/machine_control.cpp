// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/machine_control.h"

#include <fmt/format.h>

#include <utility>

#include "base/units.h"

namespace skiff::machine {
namespace {

constexpr std::chrono::milliseconds kStandStill{1000};

}  // namespace

void MachineControl::quit() {
    parts_.latch.stop({.kind = ExitReason::Kind::kUserQuit, .value = 0, .detail = {}, .vcpu = {}});
}

void MachineControl::press_power_button() {
    parts_.loop.post([&devices = parts_.devices] { devices->ask_guest_to_stop(); });
}

void MachineControl::shut_down(std::optional<std::chrono::milliseconds> deadline) {
    parts_.loop.post([&stop = parts_.stop_controller, deadline] { stop->shut_down(deadline); });
}

void MachineControl::press_ctrl_alt_del() {
    parts_.loop.post([&devices = parts_.devices] { devices->press_ctrl_alt_del(); });
}

Result<void> MachineControl::pause() {
    if (parts_.config.gdb.has_value()) {
        return Error::user("a debugger decides about this machine's vCPUs (--gdb): ask it");
    }
    parts_.gate.close();
    // What does not stand by then is in a write to a console that nobody reads: not in the guest.
    parts_.gate.wait_until_all_stand(kStandStill);
    return {};
}

Result<void> MachineControl::resume() {
    if (parts_.config.gdb.has_value()) {
        return Error::user("a debugger decides about this machine's vCPUs (--gdb): ask it");
    }
    parts_.gate.open();
    return {};
}

void MachineControl::set_disk_limits(std::size_t disk, const RateLimits& limits) {
    parts_.virtio_devices->disks().at(disk)->limits().set(limits);
}

void MachineControl::set_net_limits_in(std::size_t net, const RateLimits& limits) {
    parts_.virtio_devices->nets().at(net)->limit_in().set(limits);
}

void MachineControl::set_net_limits_out(std::size_t net, const RateLimits& limits) {
    parts_.virtio_devices->nets().at(net)->limit_out().set(limits);
}

Result<void> MachineControl::replace_disk(std::size_t disk, const std::string& path) {
    if (parts_.config.io_threads != 1) {
        return Error::user(
            "another file can be put behind a disk only where one thread serves all devices: "
            "start without --io-threads");
    }
    Result<void> result;
    parts_.loop.call([&] { result = parts_.virtio_devices->disks().at(disk)->replace_file(path); });
    return result;
}

MachineStatistics MachineControl::statistics() const {
    MachineStatistics statistics;
    statistics.uptime = std::chrono::duration_cast<std::chrono::microseconds>(
        std::chrono::steady_clock::now() - parts_.started);
    statistics.memory_bytes = parts_.memory.size_bytes();
    for (const ExitCounters& vcpu : parts_.exit_counters) {
        statistics.exits.push_back(vcpu.counts());
    }
    collect_devices(*parts_.virtio_devices, statistics);
    const devices::Uart16550& uart = std::as_const(*parts_.devices).uart();
    statistics.serial = {.bytes_out = uart.bytes_sent(), .bytes_in = uart.bytes_read()};
    statistics.unclaimed_port_accesses = parts_.devices->ports().unclaimed_total();
    statistics.unclaimed_mmio_accesses = parts_.devices->mmio().unclaimed_total();
    return statistics;
}

std::optional<ResidentMemory> MachineControl::resident_memory() const {
    return machine::resident_memory(parts_.memory);
}

Result<virtio::balloon::BalloonDevice*> MachineControl::balloon_device() const {
    virtio::balloon::BalloonDevice* const device = parts_.virtio_devices->balloon();
    if (device == nullptr) {
        return Error::user("this machine has no balloon: start it with --balloon");
    }
    return device;
}

std::optional<BalloonState> MachineControl::balloon() const {
    const auto device = balloon_device();
    if (!device.ok()) {
        return std::nullopt;
    }
    const virtio::balloon::StatisticsAnswer answer = (*device)->statistics();
    BalloonState state{.target_bytes = (*device)->target_bytes(),
                       .actual_bytes = (*device)->actual_bytes(),
                       .statistics = answer.values,
                       .statistics_age = {},
                       .hint_command = (*device)->hints().command_id(),
                       .is_hinting = (*device)->hints().is_running(),
                       .hinted_bytes = (*device)->hints().hinted_bytes()};
    if (answer.time.has_value()) {
        state.statistics_age = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - *answer.time);
    }
    return state;
}

Result<void> MachineControl::set_balloon_size(std::uint64_t size_bytes) {
    SKIFF_ASSIGN_OR_RETURN(virtio::balloon::BalloonDevice* const device, balloon_device());
    if (size_bytes > parts_.config.memory_bytes) {
        return Error::user(fmt::format("a balloon of {} does not fit: the guest has {}",
                                       format_size(size_bytes),
                                       format_size(parts_.config.memory_bytes)));
    }
    device->set_size(size_bytes);
    return {};
}

Result<void> MachineControl::set_balloon_statistics_interval(std::chrono::milliseconds interval) {
    SKIFF_ASSIGN_OR_RETURN(virtio::balloon::BalloonDevice* const device, balloon_device());
    const bool is_asked = device->stats_interval().count() != 0;
    if (is_asked != (interval.count() != 0)) {
        return Error::user(
            is_asked ? "statistics cannot be switched off while the guest runs: give an interval"
                     : "this balloon began without statistics, which cannot be changed now");
    }
    if (is_asked) {
        device->set_stats_interval(interval);
    }
    return {};
}

Result<void> MachineControl::start_free_page_hints() {
    SKIFF_ASSIGN_OR_RETURN(virtio::balloon::BalloonDevice* const device, balloon_device());
    return device->hints().start();
}

Result<void> MachineControl::stop_free_page_hints() {
    SKIFF_ASSIGN_OR_RETURN(virtio::balloon::BalloonDevice* const device, balloon_device());
    return device->hints().stop();
}

}  // namespace skiff::machine
