// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/settings.h"

#include <fmt/format.h>

#include <charconv>

#include "base/suggestion.h"
#include "base/units.h"

namespace skiff::cli {

std::vector<std::string> split_settings(std::string_view text) {
    std::vector<std::string> parts(1);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != ',') {
            parts.back() += text[i];
        } else if (i + 1 < text.size() && text[i + 1] == ',') {
            parts.back() += ',';
            ++i;
        } else {
            parts.emplace_back();
        }
    }
    return parts;
}

Setting to_setting(std::string_view part) {
    const std::size_t equals = part.find('=');
    if (equals == std::string_view::npos) {
        return {.key = part, .value = std::nullopt};
    }
    return {.key = part.substr(0, equals), .value = part.substr(equals + 1)};
}

Error wrong_setting(const Setting& setting, std::string_view takes) {
    return Error::user(fmt::format("'{}{}{}': {}", setting.key,
                                   setting.value.has_value() ? "=" : "", setting.value.value_or(""),
                                   takes));
}

Error unknown_setting(std::string_view name, std::string_view of_what,
                      std::span<const std::string_view> names,
                      std::span<const std::string_view> forms) {
    const std::string_view near = nearest(name, names);
    const std::string hint = near.empty() ? fmt::format("choose from {}", fmt::join(forms, ", "))
                                          : fmt::format("did you mean '{}'?", near);
    return Error::user(
        fmt::format("'{}' is no setting of a {}: {} (two commas stand for one in a value)", name,
                    of_what, hint));
}

Result<std::uint64_t> positive_number(const Setting& setting, std::string_view takes) {
    std::uint64_t number = 0;
    const std::string_view text = setting.value.value_or("");
    const auto [rest, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || rest != text.data() + text.size() || number == 0) {
        return wrong_setting(setting, takes);
    }
    return number;
}

Result<std::uint64_t> number_between(const Setting& setting, std::uint64_t min, std::uint64_t max,
                                     std::string_view takes) {
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t number, positive_number(setting, takes));
    if (number < min || number > max) {
        return wrong_setting(setting, takes);
    }
    return number;
}

Result<TokenBucket::Rate> byte_rate(const Setting& setting) {
    std::string_view size = setting.value.value_or("");
    if (size.ends_with("/s")) {
        size.remove_suffix(2);
    }
    const Result<std::uint64_t> bytes = parse_size(size);
    if (!bytes.ok() || *bytes == 0) {
        return wrong_setting(setting, fmt::format("write for example {}=100M/s", setting.key));
    }
    return TokenBucket::Rate::per_second(*bytes);
}

Result<bool> is_first(const Setting& setting, std::string_view first, std::string_view second) {
    if (setting.value == first || setting.value == second) {
        return setting.value == first;
    }
    return wrong_setting(setting,
                         fmt::format("write {0}={1} or {0}={2}", setting.key, first, second));
}

}  // namespace skiff::cli
