// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/machine_config.h"

#include <fmt/format.h>

namespace skiff::machine {
namespace {

// Below, a kernel's first megabyte, page tables and boot data have no room.
constexpr std::uint64_t kMinMemoryBytes = 2 * kMiB;
// x86-64 physical addresses have at most 52 bits; RAM above 4 GiB is shifted up by 1 GiB.
constexpr std::uint64_t kMaxMemoryBytes = std::uint64_t{1} << 46;

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
    if (config.io_threads < 1 || config.io_threads > MachineConfig::kMaxIoThreads) {
        return Error::user(fmt::format("{} I/O threads asked for: --io-threads takes 1 to {}",
                                       config.io_threads, MachineConfig::kMaxIoThreads));
    }
    if (config.device_tree && config.entry == boot::EntryProtocol::kPvh) {
        return Error::user(
            "--fdt and --entry pvh exclude each other, as PVH has no place for a device tree: take "
            "--entry linux64");
    }
    return {};
}

}  // namespace skiff::machine
