// SPDX-License-Identifier: Apache-2.0
#include "vmm/machine/machine_config.h"

#include <catch2/catch.hpp>

using skiff::kKiB;
using skiff::kMiB;
using skiff::machine::MachineConfig;
using skiff::machine::validate;

namespace {

MachineConfig good() {
    MachineConfig config;
    config.kernel_path = "vmlinux";
    return config;
}

}  // namespace

TEST_CASE("The default configuration with a kernel is valid") {
    REQUIRE(validate(good()).ok());
    REQUIRE_FALSE(validate(MachineConfig{}).ok());
}

TEST_CASE("A guest has 1 to 254 vCPUs") {
    MachineConfig config = good();
    for (const unsigned count : {1U, 254U}) {
        config.cpu_count = count;
        REQUIRE(validate(config).ok());
    }
    for (const unsigned count : {0U, 255U, 4'000'000'000U}) {
        config.cpu_count = count;
        const auto result = validate(config);
        REQUIRE_FALSE(result.ok());
        REQUIRE(result.error().kind() == skiff::ErrorKind::kUser);
        REQUIRE(result.error().message().find("1 to 254") != std::string::npos);
    }
}

TEST_CASE("Memory is whole pages, neither too small nor larger than addresses reach") {
    MachineConfig config = good();
    for (const std::uint64_t bytes :
         {std::uint64_t{0}, std::uint64_t{4096}, 128 * kMiB + 1, UINT64_MAX - 4095}) {
        config.memory_bytes = bytes;
        INFO(bytes);
        const auto result = validate(config);
        REQUIRE_FALSE(result.ok());
        REQUIRE(result.error().kind() == skiff::ErrorKind::kUser);
    }
    config.memory_bytes = 128 * kMiB + 4 * kKiB;
    REQUIRE(validate(config).ok());
}

TEST_CASE("A device tree takes the place of ACPI, and PVH cannot carry it") {
    MachineConfig config = good();
    REQUIRE(config.has_acpi_tables());
    config.device_tree = true;
    REQUIRE_FALSE(config.has_acpi_tables());
    REQUIRE(validate(config).ok());
    config.entry = skiff::boot::EntryProtocol::kPvh;
    const auto result = validate(config);
    REQUIRE_FALSE(result.ok());
    REQUIRE(result.error().kind() == skiff::ErrorKind::kUser);
    REQUIRE(result.error().message().find("--entry linux64") != std::string::npos);
}
