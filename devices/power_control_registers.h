// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Registers of skiff's power control, all of one byte (docs/devices/power-control.md).
namespace skiff::devices::power_control {

/// As I/O ports: next to where PC chipsets have their power management block.
inline constexpr std::uint16_t kPortBase = 0x600;
inline constexpr std::uint16_t kPortCount = 8;
/// The same registers as a page of MMIO, for a guest's user space through /dev/mem.
inline constexpr std::uint64_t kMmioBase = 0xfe000000;
inline constexpr std::uint64_t kMmioSizeBytes = 0x1000;

enum class Register : std::uint8_t {
    kSleepControl = 0,  ///< ACPI 6.4, 4.8.3.7: sleep control register.
    kSleepStatus = 1,   ///< ACPI 6.4, 4.8.3.7: sleep status register.
    kReset = 2,         ///< ACPI 6.4, 4.8.3.6: reset register.
    kExitStatus = 3,    ///< Ours: what an orderly power-off or reset ends skiff with.
    kEvent = 4,         ///< Ours: reasons of the event interrupt, cleared by reading.
    // Only in a machine that runs one command (docs/run-command.md); values in guest-init/orders.h:
    kCommand = 5,      ///< Ours: how the guest's init gets on with the command.
    kInputCredit = 6,  ///< Ours: so many more pieces of input may come on the serial port.
};

/// SLEEP_CONTROL (ACPI 6.4, table 4.15): SLP_TYPx in bits 2..4, SLP_EN (reads 0) in bit 5.
struct SleepControl {
    std::uint8_t raw;

    static constexpr std::uint8_t kSleepTypeMask = 0b111 << 2;

    constexpr std::uint8_t sleep_type() const {
        return static_cast<std::uint8_t>((raw & kSleepTypeMask) >> 2);
    }
    constexpr bool sleep_enable() const { return (raw & (1 << 5)) != 0; }
};

/// SLP_TYPx of S5, as the DSDT's _S5 object names it.
inline constexpr std::uint8_t kSleepTypeS5 = 5;
/// The FADT's RESET_VALUE.
inline constexpr std::uint8_t kResetValue = 0x01;
/// EVENT: the power button was pressed.
inline constexpr std::uint8_t kEventPowerButton = 1 << 0;

/// GSI of the generic event device; edge, active high.
inline constexpr std::uint32_t kEventGsi = 9;

}  // namespace skiff::devices::power_control
