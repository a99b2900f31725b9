// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/kernel_check.h"

#include <algorithm>
#include <optional>
#include <string>
#include <system_error>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "boot/kernel_config.h"
#include "vmm/machine/kernel_wishes.h"

namespace skiff::machine {
namespace {

/// Enough for every magic number.
constexpr std::uint64_t kHeadBytes = 16;

std::optional<boot::Compression> compression_of(const std::optional<std::string>& path) {
    if (!path.has_value()) {
        return std::nullopt;
    }
    const auto file = File::open(*path);
    const auto head = file.ok() ? file->read_up_to(0, kHeadBytes)
                                : Result<std::vector<std::uint8_t>>(file.error());
    return head.ok() ? boot::identify_compression(*head) : std::nullopt;
}

void say_what_is_lacking(const MachineConfig& config, const boot::KernelImage& kernel) {
    const auto found = boot::find_kernel_config(kernel);
    if (!found.ok()) {
        log::debug("{}", found.error().message());
        return;
    }
    if (!found->has_value()) {
        log::debug("no configuration of '{}' was found: what it lacks is not known",
                   config.kernel_path);
        return;
    }
    const auto wishes = kernel_wishes(config, compression_of(config.initrd_path));
    auto lacks = boot::kernel_lacks(**found, wishes);
    const bool modules_can_come = config.initrd_path.has_value() || !config.disks.empty();
    const auto modules = std::stable_partition(lacks.begin(), lacks.end(),
                                               [modules_can_come](const boot::KernelLack& lack) {
                                                   return !(lack.as_module && modules_can_come);
                                               });
    const std::vector<boot::KernelLack> loadable(modules, lacks.end());
    lacks.erase(modules, lacks.end());
    if (!lacks.empty()) {
        log::warning("this kernel lacks {} (by the configuration in {})", boot::describe(lacks),
                     (*found)->source());
    }
    if (!loadable.empty()) {
        log::info("modules that the guest has to load: {}", boot::describe(loadable));
    }
}

}  // namespace

void KernelCheck::start(const MachineConfig& config, const boot::KernelImage& kernel) {
    try {
        thread_ = std::thread([&config, &kernel] { say_what_is_lacking(config, kernel); });
    } catch (const std::system_error&) {
        log::debug("no thread to be had: the kernel's configuration is not looked at");
    }
}

void KernelCheck::finish() {
    if (thread_.joinable()) {
        thread_.join();
    }
}

}  // namespace skiff::machine
