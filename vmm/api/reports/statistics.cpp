// SPDX-License-Identifier: Apache-2.0
#include "vmm/api/reports/statistics.h"

#include <array>
#include <ctime>

namespace skiff::api {
namespace {

/// By kvm::VcpuExit::Kind.
constexpr std::array<std::string_view, machine::kExitKinds> kExitWords = {
    "port_read",    "port_write", "mmio_read",      "mmio_write",   "interrupted", "triple_fault",
    "system_reset", "system_off", "internal_error", "failed_entry", "debug",       "unknown"};

std::uint64_t now_us(clockid_t clock) {
    timespec now{};
    ::clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000 +
           static_cast<std::uint64_t>(now.tv_nsec) / 1000;
}

std::uint64_t since(std::uint64_t start, std::uint64_t now) {
    return now > start ? now - start : 0;
}

}  // namespace

StartUpTimes measure_start_up(const LaunchTimes& launch) {
    StartUpTimes times;
    if (launch.start_us.has_value()) {
        times.us = since(*launch.start_us, now_us(CLOCK_MONOTONIC));
    }
    if (launch.start_cpu_us.has_value()) {
        times.cpu_us = since(*launch.start_cpu_us, now_us(CLOCK_PROCESS_CPUTIME_ID)) +
                       launch.parent_cpu_us.value_or(0);
    }
    return times;
}

std::string_view client_id(const Statistics& statistics, const machine::VirtioStatistics& device) {
    const auto id = [&](const std::vector<std::string>& ids) {
        return device.place < ids.size() ? std::string_view(ids[device.place]) : "";
    };
    return device.type == virtio::DeviceType::kBlock     ? id(statistics.drive_ids)
           : device.type == virtio::DeviceType::kNetwork ? id(statistics.net_ids)
                                                         : "";
}

std::string_view type_word(virtio::DeviceType type) {
    switch (type) {
        case virtio::DeviceType::kNetwork:
            return "net";
        case virtio::DeviceType::kBlock:
            return "block";
        case virtio::DeviceType::kConsole:
            return "console";
        case virtio::DeviceType::kEntropy:
            return "entropy";
        case virtio::DeviceType::kBalloon:
            return "balloon";
        case virtio::DeviceType::kVsock:
            break;
    }
    return "vsock";
}

std::string_view exit_word(std::size_t kind) {
    return kExitWords.at(kind);
}

}  // namespace skiff::api
