// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

namespace skiff::devices {

inline constexpr std::int64_t kSecondsPerDay = 24 * 60 * 60;

/// The formats of the clock's registers: bits kBinary and k24Hour of register B.
struct RtcFormat {
    bool binary = false;
    bool hours24 = true;

    /// Of a register B.
    static RtcFormat of(std::uint8_t register_b);
    std::uint8_t encode(unsigned number) const;
    /// Nothing where the digits are not decimal.
    std::optional<unsigned> decode(std::uint8_t byte) const;
    std::uint8_t encode_hour(unsigned hour) const;
    std::optional<unsigned> decode_hour(std::uint8_t byte) const;
};

/// The clock's time registers as the guest sees them.
struct RtcTimeRegisters {
    std::uint8_t seconds = 0;
    std::uint8_t minutes = 0;
    std::uint8_t hours = 0;
    std::uint8_t day_of_week = 0;
    std::uint8_t day_of_month = 0;
    std::uint8_t month = 0;
    std::uint8_t year = 0;
    std::uint8_t century = 0;

    /// The byte at a time register's index; null for any other index.
    std::uint8_t* at(std::uint8_t index);

    /// Of seconds since 1970 (UTC); years are kept modulo 10000.
    static RtcTimeRegisters encode(std::int64_t unix_seconds, RtcFormat format);
    /// Seconds since 1970; nothing where the registers are no time. The day of the week is ignored.
    std::optional<std::int64_t> decode(RtcFormat format) const;
};

/// The three alarm registers.
struct RtcAlarm {
    std::uint8_t seconds = 0;
    std::uint8_t minutes = 0;
    std::uint8_t hours = 0;

    /// The first second after `unix_seconds` that matches; nothing where none ever does. Bounded
    /// work, whatever the registers hold.
    std::optional<std::int64_t> next_match(std::int64_t unix_seconds, RtcFormat format) const;
};

}  // namespace skiff::devices
