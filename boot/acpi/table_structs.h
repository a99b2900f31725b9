// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

/// The fixed parts of our ACPI tables (ACPI 6.4, chapter 5.2). Packed and little-endian.
namespace skiff::boot::acpi {

/// 5.2.5.3 Root System Description Pointer.
struct [[gnu::packed]] Rsdp {
    std::array<char, 8> signature = {'R', 'S', 'D', ' ', 'P', 'T', 'R', ' '};
    std::uint8_t checksum = 0;  ///< Of the first 20 bytes.
    std::array<char, 6> oem_id;
    std::uint8_t revision = 2;
    std::uint32_t rsdt_address = 0;
    std::uint32_t length = 36;
    std::uint64_t xsdt_address;
    std::uint8_t extended_checksum = 0;  ///< Of all.
    std::array<std::uint8_t, 3> reserved{};
};
static_assert(sizeof(Rsdp) == 36);
inline constexpr std::size_t kRsdpFirstPart = 20;

/// 5.2.6 System description table header.
struct [[gnu::packed]] TableHeader {
    std::array<char, 4> signature;
    std::uint32_t length = 0;
    std::uint8_t revision;
    std::uint8_t checksum = 0;
    std::array<char, 6> oem_id;
    std::array<char, 8> oem_table_id;
    std::uint32_t oem_revision = 1;
    std::array<char, 4> creator_id;
    std::uint32_t creator_revision = 1;
};
static_assert(sizeof(TableHeader) == 36);

/// 5.2.3.2 Generic address structure.
struct [[gnu::packed]] GenericAddress {
    static constexpr std::uint8_t kSystemIo = 1;
    static constexpr std::uint8_t kByteAccess = 1;

    std::uint8_t address_space = 0;
    std::uint8_t bit_width = 0;
    std::uint8_t bit_offset = 0;
    std::uint8_t access_size = 0;
    std::uint64_t address = 0;

    /// A register of one byte at a port.
    static constexpr GenericAddress port(std::uint64_t port_number) {
        return {kSystemIo, 8, 0, kByteAccess, port_number};
    }
};
static_assert(sizeof(GenericAddress) == 12);

/// 5.2.9 Fixed ACPI Description Table, without its header.
struct [[gnu::packed]] FadtBody {
    std::uint32_t firmware_ctrl = 0;
    std::uint32_t dsdt;
    std::uint8_t reserved = 0;
    std::uint8_t preferred_pm_profile = 0;
    /// SCI, PM1, PM2, PM timer, GPE blocks, C-state latencies, duty cycle: none of these exist on
    /// hardware-reduced ACPI. Offsets 46 to 107, the alarm indices included.
    std::array<std::uint8_t, 62> not_on_reduced_hardware{};
    std::uint8_t century = 0;
    std::uint16_t ia_pc_boot_arch = 0;
    std::uint8_t reserved2 = 0;
    std::uint32_t flags = 0;
    GenericAddress reset_reg;
    std::uint8_t reset_value = 0;
    std::uint16_t arm_boot_arch = 0;
    std::uint8_t minor_version = 0;
    std::uint64_t x_firmware_ctrl = 0;
    std::uint64_t x_dsdt;
    std::array<std::uint8_t, 8 * sizeof(GenericAddress)> x_blocks_not_on_reduced_hardware{};
    GenericAddress sleep_control_reg;
    GenericAddress sleep_status_reg;
    std::array<char, 8> hypervisor_vendor_identity;
};
static_assert(sizeof(TableHeader) + sizeof(FadtBody) == 276);
static_assert(sizeof(TableHeader) + offsetof(FadtBody, century) == 108);
static_assert(sizeof(TableHeader) + offsetof(FadtBody, flags) == 112);
static_assert(sizeof(TableHeader) + offsetof(FadtBody, reset_reg) == 116);
static_assert(sizeof(TableHeader) + offsetof(FadtBody, x_dsdt) == 140);
static_assert(sizeof(TableHeader) + offsetof(FadtBody, sleep_control_reg) == 244);

/// 5.2.9.3 IA-PC boot architecture flags.
enum IaPcBootArch : std::uint16_t {
    kLegacyDevices = 1 << 0,
    k8042 = 1 << 1,
    kVgaNotPresent = 1 << 2,
    kCmosRtcNotPresent = 1 << 5,
};

/// Table 5.10: fixed feature flags.
enum FadtFlags : std::uint32_t {
    kWbinvd = 1U << 0,
    kProcC1 = 1U << 2,
    kNoFixedPowerButton = 1U << 4,  ///< PWR_BUTTON: a control method device, or none.
    kNoFixedSleepButton = 1U << 5,  ///< SLP_BUTTON
    kNoFixedRtcWake = 1U << 6,      ///< FIX_RTC
    kResetRegSupported = 1U << 10,
    kHardwareReduced = 1U << 20,
};

/// 5.2.12 Multiple APIC Description Table, without its header.
struct [[gnu::packed]] MadtBody {
    static constexpr std::uint32_t kPcatCompat = 1 << 0;  ///< There are two 8259s too.

    std::uint32_t local_apic_address;
    std::uint32_t flags = kPcatCompat;
};
static_assert(sizeof(TableHeader) + sizeof(MadtBody) == 44);

/// 5.2.12.2 Processor local APIC.
struct [[gnu::packed]] MadtLocalApic {
    std::uint8_t type = 0;
    std::uint8_t length = 8;
    std::uint8_t processor_uid;
    std::uint8_t apic_id;
    std::uint32_t flags = 1;  ///< Enabled.
};
static_assert(sizeof(MadtLocalApic) == 8);

/// 5.2.12.3 I/O APIC.
struct [[gnu::packed]] MadtIoApic {
    std::uint8_t type = 1;
    std::uint8_t length = 12;
    std::uint8_t io_apic_id;
    std::uint8_t reserved = 0;
    std::uint32_t address;
    std::uint32_t gsi_base = 0;
};
static_assert(sizeof(MadtIoApic) == 12);

/// 5.2.12.7 Local APIC NMI.
struct [[gnu::packed]] MadtLocalApicNmi {
    std::uint8_t type = 4;
    std::uint8_t length = 6;
    std::uint8_t processor_uid = 0xff;  ///< All of them.
    std::uint16_t flags = 0;            ///< Polarity and trigger as NMI has them.
    std::uint8_t lint = 1;
};
static_assert(sizeof(MadtLocalApicNmi) == 6);

}  // namespace skiff::boot::acpi
