// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/x86_64/test_devices.h"

#include <fmt/format.h>

#include "base/file.h"
#include "base/units.h"

namespace skiff::machine::x86_64 {
namespace {

// Where QEMU has them: hw/misc/pc-testdev.c and docs/specs/fw_cfg.
constexpr GuestRange kLatchPorts{GuestAddress(0xe0), devices::PcTestdev::kLatchPorts};
constexpr GuestRange kFlushPorts{GuestAddress(0xe4), devices::PcTestdev::kFlushPorts};
constexpr GuestRange kByteLatchPorts{GuestAddress(0xe8), devices::PcTestdev::kLatchPorts};
constexpr GuestRange kIrqLinePorts{GuestAddress(0x2000), devices::PcTestdev::kIrqLines};
constexpr GuestRange kTestMemory{GuestAddress(0xff00'0000), devices::PcTestdev::kMemoryBytes};
constexpr GuestRange kFwCfgPorts{GuestAddress(0x510), devices::FwCfg::kPorts};

constexpr std::uint64_t kMostFileBytes = 64 * kMiB;

Result<std::vector<std::uint8_t>> content_of(const FwCfgFile& file) {
    if (!file.path.has_value()) {
        return std::vector<std::uint8_t>(file.text.begin(), file.text.end());
    }
    SKIFF_ASSIGN_OR_RETURN(const File opened, File::open(*file.path));
    if (opened.size_bytes() > kMostFileBytes) {
        return Error::user(fmt::format("'{}' is too large for fw_cfg: {}, which takes at most {}",
                                       *file.path, format_size(opened.size_bytes()),
                                       format_size(kMostFileBytes)));
    }
    return opened.read_up_to(0, opened.size_bytes());
}

}  // namespace

Result<std::unique_ptr<TestDevices>> TestDevices::create(const MachineConfig& config,
                                                         const kvm::Vm& vm, GuestMemory& memory,
                                                         devices::Bus& ports, devices::Bus& mmio) {
    std::unique_ptr<TestDevices> made(new TestDevices());
    if (config.testdev) {
        made->testdev_.emplace(devices::PcTestdev::Callbacks{
            .flush_page = [&memory](GuestAddress page) { memory.renew_mapping(page); },
            .set_irq_line = [&vm](unsigned line, bool level) { vm.set_irq_line(line, level); }});
        SKIFF_RETURN_IF_ERROR(made->connect_testdev(ports, mmio));
    }
    if (config.fw_cfg || config.testdev || !config.fw_cfg_files.empty()) {
        made->fw_cfg_.emplace(config.cpu_count, config.memory_bytes);
        for (const FwCfgFile& file : config.fw_cfg_files) {
            SKIFF_ASSIGN_OR_RETURN(auto content, content_of(file));
            SKIFF_RETURN_IF_ERROR(made->fw_cfg_->add_file(file.name, std::move(content)));
        }
        SKIFF_RETURN_IF_ERROR(ports.insert(kFwCfgPorts, "fw_cfg", *made->fw_cfg_));
    }
    return made;
}

Result<void> TestDevices::connect_testdev(devices::Bus& ports, devices::Bus& mmio) {
    SKIFF_RETURN_IF_ERROR(ports.insert(kLatchPorts, "testdev latch", testdev_->latch()));
    SKIFF_RETURN_IF_ERROR(ports.insert(kFlushPorts, "testdev page flush", testdev_->flush()));
    SKIFF_RETURN_IF_ERROR(ports.insert(kByteLatchPorts, "testdev byte latch", testdev_->latch()));
    SKIFF_RETURN_IF_ERROR(
        ports.insert(kIrqLinePorts, "testdev interrupt lines", testdev_->irq_lines()));
    return mmio.insert(kTestMemory, "testdev memory", testdev_->memory());
}

}  // namespace skiff::machine::x86_64
