// SPDX-License-Identifier: Apache-2.0
#include "boot/acpi/dsdt.h"

#include <fmt/format.h>

#include "boot/acpi/resources.h"

namespace skiff::boot::acpi {
namespace {

using aml::Code;

constexpr unsigned kSleepTypeS5 = 5;

// Offset and bits of the power control's EVENT register.
constexpr unsigned kEventOffset = 4;
constexpr unsigned kEventPowerButton = 1 << 0;
/// Device object notification: the power button was pressed (5.6.6, table 5.168).
constexpr unsigned kNotifyButtonPressed = 0x80;

Code identity(std::string_view hid, std::uint32_t uid) {
    return aml::join(
        {aml::name("_HID", aml::hardware_id(hid)), aml::name("_UID", aml::integer(uid))});
}

Code device_code(const AcpiDevice& device) {
    ResourceTemplate resources;
    for (const AcpiDevice::Ports& ports : device.ports) {
        resources.add_ports(ports.base, ports.count);
    }
    for (const GuestRange& range : device.memory) {
        resources.add_memory(range);
    }
    for (const std::uint32_t gsi : device.gsis) {
        resources.add_interrupt(gsi);
    }
    Code code = aml::join({identity(device.hid, device.uid), aml::name("_CRS", resources.code())});
    if (device.cache_coherent) {
        aml::append(code, aml::name("_CCA", aml::integer(1)));
    }
    return aml::device(device.name, code);
}

/// 8.4: processor devices; _UID is what the MADT calls them.
Code processors_code(unsigned count) {
    Code code;
    for (unsigned i = 0; i < count; ++i) {
        aml::append(code, aml::device(fmt::format("C{:03X}", i), identity("ACPI0007", i)));
    }
    return code;
}

/// 5.6.9: the generic event device runs _EVT when its interrupt comes.
Code event_device_code(const AcpiPowerControl& power) {
    ResourceTemplate resources;
    resources.add_interrupt(power.event_gsi);
    const Code pressed = aml::bitwise_and(aml::path("EVNT"), aml::integer(kEventPowerButton));
    return aml::device(
        "GED",
        aml::join(
            {identity("ACPI0013", 0), aml::name("_CRS", resources.code()),
             aml::port_region("PWRC", power.port_base, power.port_count),
             aml::byte_field("PWRC", "EVNT", kEventOffset),
             aml::method("_EVT", 1,
                         aml::if_true(pressed, aml::notify("\\_SB.PWRB", kNotifyButtonPressed)))}));
}

/// Keeps others from the power control's addresses.
Code reservation_code(const AcpiPowerControl& power) {
    return device_code({.name = "PWRR",
                        .hid = "PNP0C02",
                        .uid = 0,
                        .ports = {{power.port_base, power.port_count}},
                        .memory = {power.mmio}});
}

}  // namespace

std::vector<AcpiDevice> standard_devices() {
    return {
        {.name = "COM1", .hid = "PNP0501", .uid = 0, .ports = {{0x3f8, 8}}, .gsis = {4}},
        {.name = "RTC", .hid = "PNP0B00", .uid = 0, .ports = {{0x70, 2}}, .gsis = {8}},
        {.name = "KBD", .hid = "PNP0303", .uid = 0, .ports = {{0x60, 1}, {0x64, 1}}, .gsis = {1}},
    };
}

Code dsdt_code(const AcpiConfig& config) {
    const Code s5 = aml::integer(kSleepTypeS5);
    Code devices = processors_code(config.cpu_count);
    for (const AcpiDevice& device : config.devices) {
        aml::append(devices, device_code(device));
    }
    aml::append(devices, reservation_code(config.power_control));
    aml::append(devices, aml::device("PWRB", identity("PNP0C0C", 0)));
    aml::append(devices, event_device_code(config.power_control));
    return aml::join({aml::name("\\_S5", aml::package({s5, s5, aml::integer(0), aml::integer(0)})),
                      aml::scope("\\_SB", devices)});
}

}  // namespace skiff::boot::acpi
