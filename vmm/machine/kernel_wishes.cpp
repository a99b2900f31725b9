// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/kernel_wishes.h"

#include <algorithm>

namespace skiff::machine {
namespace {

namespace wish = boot::wish;

std::vector<boot::KernelWish> device_wishes(const MachineConfig& config) {
    std::vector<boot::KernelWish> wishes;
    const auto add = [&wishes](bool wanted, const boot::KernelWish& wish) {
        if (wanted) {
            wishes.push_back(wish);
        }
    };
    add(!config.disks.empty(), wish::kDisk);
    add(!config.nets.empty(), wish::kNet);
    add(config.balloon.has_value(), wish::kBalloon);
    add(config.vsock.has_value(), wish::kVsock);
    add(config.console == MachineConfig::Console::kVirtio, wish::kVirtioConsole);
    add(!config.ports.empty(), wish::kPorts);
    add(config.command.has_value(), wish::kCommandStreams);
    if (wishes.empty()) {
        return wishes;
    }
    wishes.push_back(wish::kVirtioMmio);
    if (config.device_tree) {
        wishes.push_back(wish::kFoundByTree);
    } else {
        wishes.push_back(config.has_acpi_tables() ? wish::kFoundByAcpi : wish::kFoundByCmdline);
    }
    return wishes;
}

}  // namespace

std::vector<boot::KernelWish> kernel_wishes(const MachineConfig& config,
                                            std::optional<boot::Compression> initrd) {
    std::vector<boot::KernelWish> wishes = device_wishes(config);
    // With a command line of the user's own, the console is the user's affair.
    if (config.console == MachineConfig::Console::kSerial && !config.whole_cmdline.has_value()) {
        wishes.push_back(wish::kSerialConsole);
    }
    if (config.initrd_path.has_value() || config.initrd_file != nullptr) {
        wishes.push_back(wish::kInitrd);
    }
    if (config.command.has_value()) {
        wishes.insert(wishes.end(), {wish::kCommandProgram, wish::kCommandDevices,
                                     wish::kCommandProc, wish::kCommandControl});
    }
    if (initrd.has_value()) {
        wishes.push_back(boot::initrd_wish(*initrd));
    }
    if (config.cpu_count > 1) {
        wishes.push_back(wish::kSmp);
        wishes.push_back(boot::cpu_count_wish(config.cpu_count));
    }
    return wishes;
}

}  // namespace skiff::machine
