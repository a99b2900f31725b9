// SPDX-License-Identifier: Apache-2.0
// The layers boot and devices do not see each other: here is where they must agree.
#include <catch2/catch.hpp>

#include <algorithm>
#include <string>

#include "boot/acpi/acpi_config.h"
#include "devices/cmos_rtc_registers.h"
#include "devices/i8042_registers.h"
#include "devices/power_control_registers.h"

using skiff::boot::acpi::AcpiDevice;

namespace {

AcpiDevice standard_device(const std::string& name) {
    const auto devices = skiff::boot::acpi::standard_devices();
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const AcpiDevice& device) { return device.name == name; });
    REQUIRE(found != devices.end());
    return *found;
}

}  // namespace

TEST_CASE("The ACPI tables name the power control where the device is") {
    namespace power = skiff::devices::power_control;
    const skiff::boot::acpi::AcpiPowerControl described;
    REQUIRE(described.port_base == power::kPortBase);
    REQUIRE(described.port_count == power::kPortCount);
    REQUIRE(described.mmio.start.value() == power::kMmioBase);
    REQUIRE(described.mmio.size_bytes == power::kMmioSizeBytes);
    REQUIRE(described.event_gsi == power::kEventGsi);
}

TEST_CASE("The ACPI tables name the clock and the keyboard where the devices are") {
    namespace rtc = skiff::devices::cmos_rtc;
    const AcpiDevice clock = standard_device("RTC");
    REQUIRE(clock.ports.at(0).base == rtc::kIndexPort);
    REQUIRE(clock.ports.at(0).count == rtc::kPortCount);
    REQUIRE(clock.gsis == std::vector<std::uint32_t>{rtc::kIrq});

    namespace i8042 = skiff::devices::i8042;
    const AcpiDevice keyboard = standard_device("KBD");
    REQUIRE(keyboard.ports.at(0).base == i8042::kDataPort);
    REQUIRE(keyboard.ports.at(1).base == i8042::kCommandPort);
    REQUIRE(keyboard.gsis == std::vector<std::uint32_t>{i8042::kKeyboardIrq});
}
