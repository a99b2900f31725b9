// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

/// The 16550A's registers as offsets from its base port, and the bits that payloads use
/// (National Semiconductor PC16550D, table 1).
namespace payload::serial {

constexpr std::uint16_t kData = 0;
constexpr std::uint16_t kInterruptEnable = 1;
constexpr std::uint16_t kInterruptIdentification = 2;
constexpr std::uint16_t kFifoControl = 2;
constexpr std::uint16_t kLineControl = 3;
constexpr std::uint16_t kModemControl = 4;
constexpr std::uint16_t kLineStatus = 5;
constexpr std::uint16_t kModemStatus = 6;

constexpr std::uint8_t kReceivedDataInterrupt = 1 << 0;
constexpr std::uint8_t kTransmitterEmptyInterrupt = 1 << 1;

constexpr std::uint8_t kFifoEnable = 1 << 0;
constexpr std::uint8_t kEightBitsNoParity = 0x03;

constexpr std::uint8_t kOut2 = 1 << 3;

constexpr std::uint8_t kDataReady = 1 << 0;
constexpr std::uint8_t kTransmitterEmpty = 1 << 5;

constexpr std::uint8_t kNoInterruptPending = 1 << 0;

}  // namespace payload::serial
