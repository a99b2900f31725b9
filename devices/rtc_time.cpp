// SPDX-License-Identifier: Apache-2.0
#include "devices/rtc_time.h"

#include <chrono>

#include "devices/cmos_rtc_registers.h"

namespace skiff::devices {
namespace {

using std::chrono::days;
using std::chrono::sys_days;

/// Of a possibly negative number: the remainder is never negative.
constexpr std::int64_t floor_modulo(std::int64_t value, std::int64_t divisor) {
    const std::int64_t remainder = value % divisor;
    return remainder < 0 ? remainder + divisor : remainder;
}

/// What an alarm byte asks for: one number, any number, or one that never comes.
struct AlarmField {
    bool any = false;
    std::optional<unsigned> number;

    bool matches(unsigned value) const { return any || number == value; }
};

AlarmField alarm_field(std::uint8_t byte, std::optional<unsigned> decoded) {
    if ((byte & cmos_rtc::kAlarmAny) == cmos_rtc::kAlarmAny) {
        return {.any = true, .number = std::nullopt};
    }
    return {.any = false, .number = decoded};
}

}  // namespace

RtcFormat RtcFormat::of(std::uint8_t register_b) {
    return {.binary = (register_b & cmos_rtc::kBinary) != 0,
            .hours24 = (register_b & cmos_rtc::k24Hour) != 0};
}

std::uint8_t RtcFormat::encode(unsigned number) const {
    return static_cast<std::uint8_t>(binary ? number : (number / 10 % 10) << 4 | number % 10);
}

std::optional<unsigned> RtcFormat::decode(std::uint8_t byte) const {
    if (binary) {
        return byte;
    }
    const unsigned tens = byte >> 4;
    const unsigned units = byte & 0x0f;
    if (tens > 9 || units > 9) {
        return std::nullopt;
    }
    return tens * 10 + units;
}

std::uint8_t RtcFormat::encode_hour(unsigned hour) const {
    if (hours24) {
        return encode(hour);
    }
    const unsigned shown = hour % 12 == 0 ? 12 : hour % 12;
    return static_cast<std::uint8_t>(encode(shown) | (hour >= 12 ? cmos_rtc::kPm : 0));
}

std::optional<unsigned> RtcFormat::decode_hour(std::uint8_t byte) const {
    if (hours24) {
        const auto hour = decode(byte);
        return hour.has_value() && *hour < 24 ? hour : std::nullopt;
    }
    const bool pm = (byte & cmos_rtc::kPm) != 0;
    const auto shown = decode(static_cast<std::uint8_t>(byte & ~cmos_rtc::kPm));
    if (!shown.has_value() || *shown < 1 || *shown > 12) {
        return std::nullopt;
    }
    return *shown % 12 + (pm ? 12U : 0U);
}

std::uint8_t* RtcTimeRegisters::at(std::uint8_t index) {
    switch (index) {
        case cmos_rtc::kSeconds:
            return &seconds;
        case cmos_rtc::kMinutes:
            return &minutes;
        case cmos_rtc::kHours:
            return &hours;
        case cmos_rtc::kDayOfWeek:
            return &day_of_week;
        case cmos_rtc::kDayOfMonth:
            return &day_of_month;
        case cmos_rtc::kMonth:
            return &month;
        case cmos_rtc::kYear:
            return &year;
        case cmos_rtc::kCentury:
            return &century;
        default:
            return nullptr;
    }
}

RtcTimeRegisters RtcTimeRegisters::encode(std::int64_t unix_seconds, RtcFormat format) {
    const auto second_of_day = static_cast<unsigned>(floor_modulo(unix_seconds, kSecondsPerDay));
    const std::int64_t day = (unix_seconds - second_of_day) / kSecondsPerDay;
    const sys_days date{days{day}};
    const std::chrono::year_month_day calendar{date};
    const auto year = static_cast<unsigned>(floor_modulo(int{calendar.year()}, 10'000));
    return {.seconds = format.encode(second_of_day % 60),
            .minutes = format.encode(second_of_day / 60 % 60),
            .hours = format.encode_hour(second_of_day / 3600),
            .day_of_week = format.encode(std::chrono::weekday{date}.c_encoding() + 1),
            .day_of_month = format.encode(unsigned{calendar.day()}),
            .month = format.encode(unsigned{calendar.month()}),
            .year = format.encode(year % 100),
            .century = format.encode(year / 100)};
}

std::optional<std::int64_t> RtcTimeRegisters::decode(RtcFormat format) const {
    const auto second = format.decode(seconds);
    const auto minute = format.decode(minutes);
    const auto hour = format.decode_hour(hours);
    const auto day = format.decode(day_of_month);
    const auto month_number = format.decode(month);
    const auto year_of_century = format.decode(year);
    const auto century_number = format.decode(century);
    if (!second || !minute || !hour || !day || !month_number || !year_of_century ||
        !century_number || *second > 59 || *minute > 59 || *year_of_century > 99 ||
        *century_number > 99) {
        return std::nullopt;
    }
    const std::chrono::year_month_day calendar{
        std::chrono::year{static_cast<int>(*century_number * 100 + *year_of_century)},
        std::chrono::month{*month_number}, std::chrono::day{*day}};
    if (!calendar.ok()) {
        return std::nullopt;
    }
    const std::int64_t day_number = sys_days{calendar}.time_since_epoch().count();
    return day_number * kSecondsPerDay + *hour * 3600 + *minute * 60 + *second;
}

std::optional<std::int64_t> RtcAlarm::next_match(std::int64_t unix_seconds,
                                                 RtcFormat format) const {
    const AlarmField hour_field = alarm_field(hours, format.decode_hour(hours));
    const AlarmField minute_field = alarm_field(minutes, format.decode(minutes));
    const AlarmField second_field = alarm_field(seconds, format.decode(seconds));
    const std::int64_t from = unix_seconds + 1;
    const std::int64_t midnight = from - floor_modulo(from, kSecondsPerDay);
    // Today's hours from now on, then tomorrow's up to this one.
    const std::int64_t first_hour = (from - midnight) / 3600;
    for (std::int64_t hour = first_hour; hour <= first_hour + 24; ++hour) {
        if (!hour_field.matches(static_cast<unsigned>(hour % 24))) {
            continue;
        }
        for (unsigned minute = 0; minute < 60; ++minute) {
            const std::int64_t start = midnight + hour * 3600 + minute * 60;
            if (!minute_field.matches(minute) || start + 59 < from) {
                continue;
            }
            for (unsigned second = 0; second < 60; ++second) {
                if (second_field.matches(second) && start + second >= from) {
                    return start + second;
                }
            }
            if (!second_field.any && second_field.number.value_or(60) > 59) {
                return std::nullopt;
            }
        }
    }
    return std::nullopt;
}

}  // namespace skiff::devices
