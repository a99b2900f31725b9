// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/kernel_wishes.h"

#include <catch2/catch.hpp>
#include <string>

using skiff::boot::Compression;
using skiff::machine::MachineConfig;

namespace {

/// "OPTION (who)…" of all wishes, in their order.
std::string wishes(const MachineConfig& config, std::optional<Compression> initrd = {}) {
    std::string text;
    for (const auto& wish : skiff::machine::kernel_wishes(config, initrd)) {
        text += std::string(text.empty() ? "" : " ") + std::string(wish.option);
        text += wish.at_least != 0 ? "=" + std::to_string(wish.at_least) : "";
    }
    return text;
}

}  // namespace

TEST_CASE("A machine that was asked for nothing wants a console of its kernel") {
    MachineConfig config;
    CHECK(wishes(config) == "SERIAL_8250_CONSOLE");
    // A command line of the user's own may name another console.
    config.whole_cmdline = "console=tty0";
    CHECK(wishes(config).empty());
    config.whole_cmdline.reset();
    config.console = MachineConfig::Console::kNone;
    CHECK(wishes(config).empty());
}

TEST_CASE("A command wants its streams, and what runs and ends it") {
    MachineConfig config;
    config.command.emplace();
    CHECK(
        wishes(config) ==
        "VIRTIO_CONSOLE VIRTIO_MMIO ACPI SERIAL_8250_CONSOLE BINFMT_ELF DEVTMPFS PROC_FS DEVPORT");
}

TEST_CASE("Each device that was asked for wants its driver, and all of them the transport") {
    MachineConfig config;
    config.console = MachineConfig::Console::kVirtio;
    config.disks.resize(2);
    config.nets.resize(1);
    config.balloon.emplace();
    config.vsock.emplace();
    const std::string drivers =
        "VIRTIO_BLK VIRTIO_NET VIRTIO_BALLOON VIRTIO_VSOCKETS VIRTIO_CONSOLE VIRTIO_MMIO ";
    CHECK(wishes(config) == drivers + "ACPI");
    config.acpi = false;
    CHECK(wishes(config) == drivers + "VIRTIO_MMIO_CMDLINE_DEVICES");
    config.device_tree = true;
    CHECK(wishes(config) == drivers + "OF");
    config = {};
    config.ports.resize(1);
    CHECK(wishes(config) == "VIRTIO_CONSOLE VIRTIO_MMIO ACPI SERIAL_8250_CONSOLE");
}

TEST_CASE("An initrd wants its compression, and several CPUs a kernel that counts so far") {
    MachineConfig config;
    config.initrd_path = "initrd";
    CHECK(wishes(config) == "SERIAL_8250_CONSOLE BLK_DEV_INITRD");
    CHECK(wishes(config, Compression::kZstd) == "SERIAL_8250_CONSOLE BLK_DEV_INITRD RD_ZSTD");
    config.initrd_path.reset();
    config.cpu_count = 16;
    CHECK(wishes(config) == "SERIAL_8250_CONSOLE SMP NR_CPUS=16");
}
