// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/command_line.h"

#include <catch2/catch.hpp>

using skiff::kvm::Backend;
using skiff::machine::build_command_line;
using skiff::machine::MachineConfig;

TEST_CASE("The user's parameters come after the default ones") {
    MachineConfig config;
    config.extra_cmdline = "quiet root=/dev/vda";
    const std::string line = build_command_line(config, Backend::kVmx);
    REQUIRE(line == "console=ttyS0 reboot=k panic=-1 quiet root=/dev/vda");
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
