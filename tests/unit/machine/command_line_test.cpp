// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/command_line.h"

#include <array>
#include <catch2/catch.hpp>
#include <string>

using skiff::kvm::Backend;
using skiff::machine::MachineConfig;

namespace {

std::string build_command_line(const MachineConfig& config, Backend backend) {
    return skiff::machine::build_command_line(config, backend, {});
}

std::string with_two_devices(const MachineConfig& config, Backend backend = Backend::kVmx) {
    const std::array slots{
        skiff::boot::VirtioMmioSlot{{skiff::GuestAddress(0xd0000000), 0x1000}, 5, 0},
        skiff::boot::VirtioMmioSlot{{skiff::GuestAddress(0xd0001000), 0x1000}, 6, 1}};
    return skiff::machine::build_command_line(config, backend, slots);
}

}  // namespace

TEST_CASE("A command has the init that runs it, and a quiet boot where nobody sees the console") {
    MachineConfig config;
    config.command.emplace();
    config.serial.kind = skiff::machine::SerialConfig::Kind::kNone;
    config.extra_cmdline = "x";
    REQUIRE(build_command_line(config, Backend::kVmx) ==
            "console=ttyS0 reboot=k panic=-1 quiet rdinit=/.skiff/init x");
    config.serial.kind = skiff::machine::SerialConfig::Kind::kStderr;
    config.whole_cmdline = "mine";
    REQUIRE(build_command_line(config, Backend::kVmx) == "mine rdinit=/.skiff/init x");
}

TEST_CASE("The user's parameters come after the default ones") {
    MachineConfig config;
    config.extra_cmdline = "quiet root=/dev/vda";
    const std::string line = build_command_line(config, Backend::kVmx);
    REQUIRE(line == "console=ttyS0 reboot=k panic=-1 quiet root=/dev/vda");
}

TEST_CASE("The kernel is told which console it has, unless the user says it all") {
    MachineConfig config;
    config.console = MachineConfig::Console::kVirtio;
    REQUIRE(build_command_line(config, Backend::kVmx) ==
            "earlycon=uart8250,io,0x3f8 8250.nr_uarts=0 console=hvc0 reboot=k panic=-1");
    config.console = MachineConfig::Console::kNone;
    REQUIRE(build_command_line(config, Backend::kVmx) ==
            "8250.nr_uarts=0 console=null reboot=k panic=-1");
    config.whole_cmdline = "console=tty0";
    REQUIRE(build_command_line(config, Backend::kVmx) == "console=tty0");
}

TEST_CASE("A whole command line replaces the default") {
    MachineConfig config;
    config.whole_cmdline = "";
    REQUIRE(build_command_line(config, Backend::kSvm).empty());
    config.extra_cmdline = "b";
    REQUIRE(build_command_line(config, Backend::kSvm) == "b");
    config.whole_cmdline = "a";
    REQUIRE(build_command_line(config, Backend::kSvm) == "a b");
}

TEST_CASE("What the backend needs is added unless the user says no") {
    MachineConfig config;
    config.whole_cmdline = "a";
    REQUIRE(build_command_line(config, Backend::kPvm) == "a emulated_cpl0");
    config.host_quirks = false;
    REQUIRE(build_command_line(config, Backend::kPvm) == "a");
}

TEST_CASE("The virtio devices stand between the default parameters and the user's") {
    MachineConfig config;
    config.extra_cmdline = "root=/dev/vda";
    REQUIRE(with_two_devices(config) ==
            "console=ttyS0 reboot=k panic=-1 virtio_mmio.device=4K@0xd0000000:5:0 "
            "virtio_mmio.device=4K@0xd0001000:6:1 root=/dev/vda");
}

TEST_CASE("The virtio devices join a whole command line, before what goes to init") {
    const std::string devices =
        "virtio_mmio.device=4K@0xd0000000:5:0 virtio_mmio.device=4K@0xd0001000:6:1";
    MachineConfig config;
    config.whole_cmdline = "";
    REQUIRE(with_two_devices(config) == devices);
    config.whole_cmdline = "a -- b";
    REQUIRE(with_two_devices(config, Backend::kPvm) == "a " + devices + " emulated_cpl0 -- b");
}

TEST_CASE("The virtio devices are not on the command line where a device tree names them") {
    MachineConfig config;
    config.device_tree = true;
    REQUIRE(with_two_devices(config) == "console=ttyS0 reboot=k panic=-1");
}
