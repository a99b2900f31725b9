// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The ways out of the machine.
namespace payload {

/// skiff's power control: a pseudo-device of one-byte registers (docs/architecture.md).
constexpr std::uint16_t kPowerControlPort = 0x600;
constexpr std::uint16_t kPowerSleepControl = kPowerControlPort + 0;
constexpr std::uint16_t kPowerReset = kPowerControlPort + 2;
constexpr std::uint16_t kPowerExitStatus = kPowerControlPort + 3;
constexpr std::uint16_t kPowerEvent = kPowerControlPort + 4;

/// SLP_TYP 5 (S5) with SLP_EN (ACPI 6.4, 4.8.3.7).
constexpr std::uint8_t kSleepS5 = 5 << 2 | 1 << 5;
constexpr std::uint8_t kResetValue = 1;
constexpr std::uint8_t kEventPowerButton = 1 << 0;

constexpr std::uint16_t kDebugExitPort = 0xf4;

constexpr std::uint16_t kI8042CommandPort = 0x64;
constexpr std::uint8_t kI8042ResetCommand = 0xfe;

/// Powers off with `status` as skiff's exit status. Where there is no power control (another VMM),
/// tries the debug exit port, the keyboard controller's reset, and last a triple fault.
[[noreturn]] void power_off(std::uint8_t status);

/// Ends in a triple fault: an exception with no interrupt table.
[[noreturn]] void triple_fault();

}  // namespace payload
