// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// Registers and commands of the 8042 keyboard controller: IBM Personal System/2 Hardware Interface
/// Technical Reference, "Keyboard and Auxiliary Device Controller"; Intel 8242 data sheet.
namespace skiff::devices::i8042 {

/// The two ports are claimed one by one: port 0x61 between them belongs to the PIT.
inline constexpr std::uint16_t kDataPort = 0x60;
inline constexpr std::uint16_t kCommandPort = 0x64;  ///< Write: command; read: status.
inline constexpr std::uint32_t kKeyboardIrq = 1;

/// Status register.
inline constexpr std::uint8_t kStatusOutputFull = 1 << 0;
inline constexpr std::uint8_t kStatusSystem = 1 << 2;
inline constexpr std::uint8_t kStatusCommand = 1 << 3;
inline constexpr std::uint8_t kStatusNotInhibited = 1 << 4;  ///< The key lock is open.
inline constexpr std::uint8_t kStatusAuxiliaryOutput = 1 << 5;
inline constexpr std::uint8_t kStatusTimeout = 1 << 6;

/// Configuration ("controller command") byte, kept at address 0 of the controller's RAM.
inline constexpr std::uint8_t kConfigKeyboardInterrupt = 1 << 0;
inline constexpr std::uint8_t kConfigSystem = 1 << 2;
inline constexpr std::uint8_t kConfigDisableKeyboard = 1 << 4;
inline constexpr std::uint8_t kConfigDisableAuxiliary = 1 << 5;
inline constexpr std::uint8_t kConfigTranslate = 1 << 6;

/// Output port.
inline constexpr std::uint8_t kOutputNotReset = 1 << 0;  ///< Low: the processor is reset.
inline constexpr std::uint8_t kOutputA20 = 1 << 1;
inline constexpr std::uint8_t kOutputKeyboardFull = 1 << 4;

/// Controller commands (written to the command port).
inline constexpr std::uint8_t kReadRam = 0x20;   ///< 0x20..0x3f; 0x20 is the configuration byte.
inline constexpr std::uint8_t kWriteRam = 0x60;  ///< 0x60..0x7f, then a byte of data.
inline constexpr std::uint8_t kRamSizeBytes = 32;
inline constexpr std::uint8_t kDisableAuxiliary = 0xa7;
inline constexpr std::uint8_t kEnableAuxiliary = 0xa8;
inline constexpr std::uint8_t kTestAuxiliary = 0xa9;
inline constexpr std::uint8_t kSelfTest = 0xaa;
inline constexpr std::uint8_t kTestKeyboard = 0xab;
inline constexpr std::uint8_t kDisableKeyboard = 0xad;
inline constexpr std::uint8_t kEnableKeyboard = 0xae;
inline constexpr std::uint8_t kReadInputPort = 0xc0;
inline constexpr std::uint8_t kReadOutputPort = 0xd0;
inline constexpr std::uint8_t kWriteOutputPort = 0xd1;
inline constexpr std::uint8_t kWriteKeyboardOutput = 0xd2;  ///< Loops back as if from the keyboard.
inline constexpr std::uint8_t kWriteAuxiliaryOutput = 0xd3;  ///< Loops back as if from the mouse.
inline constexpr std::uint8_t kWriteAuxiliary = 0xd4;
inline constexpr std::uint8_t kDisableA20 = 0xdd;  ///< HP Vectra and later clones.
inline constexpr std::uint8_t kEnableA20 = 0xdf;
inline constexpr std::uint8_t kPulseOutput = 0xf0;  ///< 0xf0..0xff: pulls the lines whose bit is 0.

/// Answers.
inline constexpr std::uint8_t kSelfTestPassed = 0x55;
inline constexpr std::uint8_t kPortTestPassed = 0x00;
inline constexpr std::uint8_t kPortTestClockLow = 0x01;
inline constexpr std::uint8_t kInputPortUnlocked = 1 << 7;
inline constexpr std::uint8_t kNoAnswer = 0xfe;  ///< With kStatusTimeout: the device is silent.

}  // namespace skiff::devices::i8042
