// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/machine_config.h"

#include <fmt/format.h>

#include "vmm/machine/virtio_devices.h"
#include "vmm/machine/x86_64/virtio_slots.h"

namespace skiff::machine {
namespace {

// Below, a kernel's first megabyte, page tables and boot data have no room.
constexpr std::uint64_t kMinMemoryBytes = 2 * kMiB;
// x86-64 physical addresses have at most 52 bits; RAM above 4 GiB is shifted up by 1 GiB.
constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{1} << 46;

Result<void> validate_devices(const MachineConfig& config) {
    const std::size_t count = virtio_device_count(config);
    if (count > x86_64::kMaxVirtioDevices) {
        const std::string nets =
            config.nets.empty() ? "" : fmt::format(", {} network devices", config.nets.size());
        return Error::user(fmt::format(
            "{} virtio devices asked for ({} disks{}{}), but there are interrupts for {}: leave {} "
            "out",
            count, config.disks.size(), nets, config.rng ? " and the entropy device" : "",
            x86_64::kMaxVirtioDevices, count - x86_64::kMaxVirtioDevices));
    }
    return {};
}

Result<void> validate_ports(const MachineConfig& config) {
    using virtio::console::ConsoleDevice;
    const std::size_t most =
        ConsoleDevice::kMaxNamedPorts - (config.command.has_value() ? CommandConfig::kPorts : 0);
    if (config.ports.size() > most) {
        return Error::user(fmt::format("{} ports asked for: --port can be given {} times{}",
                                       config.ports.size(), most,
                                       config.command.has_value() ? " beside a command" : ""));
    }
    for (std::size_t i = 0; i < config.ports.size(); ++i) {
        for (std::size_t k = 0; k < i; ++k) {
            if (config.ports[k].name == config.ports[i].name) {
                return Error::user(fmt::format(
                    "two ports named '{}': give each --port another name", config.ports[i].name));
            }
        }
    }
    return {};
}

}  // namespace

Result<void> validate(const MachineConfig& config) {
    if (config.kernel_path.empty()) {
        return Error::user("no kernel given: name an ELF vmlinux or a bzImage (skiff run KERNEL)");
    }
    if (config.cpu_count < 1 || config.cpu_count > MachineConfig::kMaxCpus) {
        return Error::user(fmt::format("{} vCPUs asked for: -c takes 1 to {}", config.cpu_count,
                                       MachineConfig::kMaxCpus));
    }
    if (config.memory_bytes < kMinMemoryBytes || config.memory_bytes > kMaxMemoryBytes) {
        return Error::user(fmt::format("memory of {} asked for: -m takes {} to {}",
                                       format_size(config.memory_bytes),
                                       format_size(kMinMemoryBytes), format_size(kMaxMemoryBytes)));
    }
    if (!is_aligned(config.memory_bytes, kPageSize)) {
        return Error::user(fmt::format("memory of {} bytes asked for: -m takes a multiple of {}",
                                       config.memory_bytes, format_size(kPageSize)));
    }
    if (config.balloon.has_value() && config.balloon->size_bytes > config.memory_bytes) {
        return Error::user(
            fmt::format("a balloon of {} in {} of memory: --balloon size= takes at "
                        "most the guest's memory",
                        format_size(config.balloon->size_bytes), format_size(config.memory_bytes)));
    }
    if (config.io_threads < 1 || config.io_threads > MachineConfig::kMaxIoThreads) {
        return Error::user(fmt::format("{} I/O threads asked for: --io-threads takes 1 to {}",
                                       config.io_threads, MachineConfig::kMaxIoThreads));
    }
    SKIFF_RETURN_IF_ERROR(validate_devices(config));
    if (config.flat.has_value() &&
        (config.device_tree || config.entry != boot::EntryProtocol::kAuto)) {
        return Error::user(fmt::format("--flat and {} exclude each other: leave one out",
                                       config.device_tree ? "--fdt" : "--entry"));
    }
    SKIFF_RETURN_IF_ERROR(validate_ports(config));
    if (config.device_tree && config.entry == boot::EntryProtocol::kPvh) {
        return Error::user(
            "--fdt and --entry pvh exclude each other, as PVH has no place for a device tree: take "
            "--entry linux64");
    }
    return {};
}

}  // namespace skiff::machine
