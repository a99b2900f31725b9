// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Registers of the real-time clock and CMOS RAM: Motorola MC146818A data sheet; the century byte
/// is where PC firmware keeps it, and where the FADT's CENTURY field points.
namespace skiff::devices::cmos_rtc {

inline constexpr std::uint16_t kIndexPort = 0x70;  ///< Bit 7 masks NMI on a PC: ignored.
inline constexpr std::uint16_t kDataPort = 0x71;
inline constexpr std::uint16_t kPortCount = 2;
inline constexpr std::uint32_t kIrq = 8;

inline constexpr std::uint8_t kRamSizeBytes = 128;

inline constexpr std::uint8_t kSeconds = 0x00;
inline constexpr std::uint8_t kSecondsAlarm = 0x01;
inline constexpr std::uint8_t kMinutes = 0x02;
inline constexpr std::uint8_t kMinutesAlarm = 0x03;
inline constexpr std::uint8_t kHours = 0x04;
inline constexpr std::uint8_t kHoursAlarm = 0x05;
inline constexpr std::uint8_t kDayOfWeek = 0x06;  ///< 1 is Sunday.
inline constexpr std::uint8_t kDayOfMonth = 0x07;
inline constexpr std::uint8_t kMonth = 0x08;
inline constexpr std::uint8_t kYear = 0x09;
inline constexpr std::uint8_t kRegisterA = 0x0a;
inline constexpr std::uint8_t kRegisterB = 0x0b;
inline constexpr std::uint8_t kRegisterC = 0x0c;
inline constexpr std::uint8_t kRegisterD = 0x0d;
inline constexpr std::uint8_t kCentury = 0x32;

/// Register A.
inline constexpr std::uint8_t kUpdateInProgress = 1 << 7;  ///< Read-only.
inline constexpr std::uint8_t kDividerMask = 0b111 << 4;
inline constexpr std::uint8_t kDivider32768Hz = 0b010 << 4;
inline constexpr std::uint8_t kDividerReset = 0b110 << 4;  ///< 11x: the clock is held.
inline constexpr std::uint8_t kRateMask = 0x0f;
inline constexpr std::uint8_t kRate1024Hz = 6;

/// Register B.
inline constexpr std::uint8_t kSet = 1 << 7;  ///< The time registers are held for being set.
inline constexpr std::uint8_t kPeriodicInterruptEnable = 1 << 6;
inline constexpr std::uint8_t kAlarmInterruptEnable = 1 << 5;
inline constexpr std::uint8_t kUpdateInterruptEnable = 1 << 4;
inline constexpr std::uint8_t kBinary = 1 << 2;
inline constexpr std::uint8_t k24Hour = 1 << 1;

/// Register C; the flags stand at the same bits as their enables in B. Cleared by reading.
inline constexpr std::uint8_t kInterruptRequest = 1 << 7;
inline constexpr std::uint8_t kPeriodicFlag = 1 << 6;
inline constexpr std::uint8_t kAlarmFlag = 1 << 5;
inline constexpr std::uint8_t kUpdateFlag = 1 << 4;
inline constexpr std::uint8_t kInterruptMask = kPeriodicFlag | kAlarmFlag | kUpdateFlag;

/// Register D.
inline constexpr std::uint8_t kValidRamAndTime = 1 << 7;

/// In 12-hour mode, bit 7 of the hours is PM.
inline constexpr std::uint8_t kPm = 1 << 7;
/// An alarm byte with both of these set matches always.
inline constexpr std::uint8_t kAlarmAny = 0b11 << 6;

}  // namespace skiff::devices::cmos_rtc
