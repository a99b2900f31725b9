// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/run/pack_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>
#include <utility>

#include "base/log.h"
#include "base/units.h"
#include "boot/kernel_config.h"
#include "boot/kernel_image.h"
#include "vmm/bundle/command_bundle.h"

namespace skiff::cli {
namespace {

// A guest has the archive and what it unpacks from it in memory at a time, and gives half of its
// memory to files at most.
constexpr std::uint64_t kMemoryPerByte = 2;
constexpr std::uint64_t kMemoryStep = 64 * kMiB;
// What the default memory is enough for.
constexpr std::uint64_t kUsualArchive = 32 * kMiB;

/// What a root disk needs; without a configuration to be found, the kernel may have it.
bool can_use_disk(const machine::MachineConfig& config) {
    constexpr std::array kOptions = {"VIRTIO_BLK", "EXT4_FS", "OVERLAY_FS", "TMPFS", "DEVTMPFS"};
    const auto kernel = boot::open_kernel(config.kernel_path, config.memory_bytes);
    if (!kernel.ok()) {
        return true;  // booting will say it
    }
    const auto found = boot::find_kernel_config(*kernel);
    return !found.ok() || !found->has_value() ||
           std::all_of(kOptions.begin(), kOptions.end(),
                       [&](const char* option) { return (*found)->is_built_in(option); });
}

}  // namespace

Result<void> pack_command(RunOptions& options) {
    if (!options.command.has_value()) {
        return {};
    }
    machine::MachineConfig& config = options.config;
    const char letter = static_cast<char>('a' + std::min<std::size_t>(config.disks.size(), 25));
    const bundle::GuestFacts guest{
        .can_use_disk = !options.command->root.has_value() || can_use_disk(config),
        .root_disk_device = fmt::format("/dev/vd{}", letter)};
    SKIFF_ASSIGN_OR_RETURN(const bundle::CommandBundle bundle,
                           bundle::bundle_command(*options.command, guest));
    config.initrd_file = bundle.initramfs;
    log::debug("the command's initramfs has {}", format_size(bundle.initramfs->size_bytes()));
    if (bundle.root_disk != nullptr) {
        machine::DiskConfig disk;
        disk.path = fmt::format("/proc/self/fd/{}", bundle.root_disk->fd());
        disk.read_only = true;
        config.disks.push_back(std::move(disk));
        options.root_disk = bundle.root_disk;
    }
    if (!options.memory_given && bundle.initramfs->size_bytes() > kUsualArchive) {
        config.memory_bytes +=
            align_up(kMemoryPerByte * bundle.initramfs->size_bytes(), kMemoryStep);
    }
    return {};
}

}  // namespace skiff::cli
