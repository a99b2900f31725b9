// SPDX-License-Identifier: Apache-2.0
#include "base/units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>

namespace skiff {
namespace {

struct Unit {
    std::string_view suffix;
    unsigned shift;
};

constexpr std::array kUnits = {Unit{"t", 40}, Unit{"g", 30}, Unit{"m", 20}, Unit{"k", 10},
                               Unit{"", 0}};

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
    const auto wrong = [&](std::string_view why) {
        return Error::user(
            fmt::format("'{}' is not a size: {} (write for example 512K, 256M or 2G)", text, why));
    };
    std::uint64_t number = 0;
    const char* const end = text.data() + text.size();
    const auto [rest, failure] = std::from_chars(text.data(), end, number);
    if (failure == std::errc::result_out_of_range) {
        return wrong("it does not fit in 64 bits");
    }
    if (failure != std::errc()) {
        return wrong("it does not begin with a number");
    }
    std::string suffix(rest, end);
    std::transform(suffix.begin(), suffix.end(), suffix.begin(),
                   [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    for (const Unit& unit : kUnits) {
        const std::string base(unit.suffix);
        const bool matches =
            suffix == base || suffix == base + "b" || (!base.empty() && suffix == base + "ib");
        if (!matches) {
            continue;
        }
        if (unit.shift != 0 && number > (UINT64_MAX >> unit.shift)) {
            return wrong("it does not fit in 64 bits");
        }
        return number << unit.shift;
    }
    return wrong(fmt::format("'{}' is not a unit", std::string(rest, end)));
}

std::string format_size(std::uint64_t bytes) {
    static constexpr std::array kNames = {"B", "KiB", "MiB", "GiB", "TiB"};
    std::size_t unit = 0;
    double value = static_cast<double>(bytes);
    while (value >= 1024.0 && unit + 1 < kNames.size()) {
        value /= 1024.0;
        ++unit;
    }
    if (unit == 0 || value == static_cast<double>(static_cast<std::uint64_t>(value))) {
        return fmt::format("{} {}", static_cast<std::uint64_t>(value), kNames.at(unit));
    }
    return fmt::format("{:.1f} {}", value, kNames.at(unit));
}

}  // namespace skiff
