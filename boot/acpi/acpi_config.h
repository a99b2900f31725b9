// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/guest_address.h"

namespace skiff::boot::acpi {

/// A device of the DSDT: an id and the resources that its driver takes.
struct AcpiDevice {
    struct Ports {
        std::uint16_t base;
        std::uint8_t count;
    };

    std::string name;  ///< Up to four of A-Z, 0-9 and '_', unique: "COM1".
    std::string hid;   ///< _HID: "PNP0501", "LNRO0005".
    std::uint32_t uid = 0;
    std::vector<Ports> ports{};
    std::vector<GuestRange> memory{};   ///< Below 4 GiB.
    std::vector<std::uint32_t> gsis{};  ///< Edge, active high, exclusive.
    /// Says _CCA 1: the device does DMA, through the CPUs' caches (6.2.17).
    bool cache_coherent = false;
};

/// Where the power control (docs/devices/power-control.md) is.
struct AcpiPowerControl {
    std::uint16_t port_base = 0x600;
    std::uint8_t port_count = 8;
    GuestRange mmio = {GuestAddress(0xfe000000), 0x1000};
    std::uint32_t event_gsi = 9;
};

/// Serial port COM1, real-time clock and keyboard at their places in a PC.
std::vector<AcpiDevice> standard_devices();

/// The machine, as its ACPI tables tell the guest of it.
struct AcpiConfig {
    /// 1 to 254; the CPUs' APIC ids are 0, 1, 2, …
    unsigned cpu_count = 1;
    AcpiPowerControl power_control{};
    std::vector<AcpiDevice> devices = standard_devices();
};

}  // namespace skiff::boot::acpi
