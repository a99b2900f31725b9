// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/token_bucket.h"

/// Option values that are lists of settings: "disk.img,ro,queues=4". Two commas stand for one that
/// belongs to a value.
namespace skiff::cli {

/// One part: "ro" or "queues=4".
struct Setting {
    std::string_view key;
    std::optional<std::string_view> value;
};

/// A setting that an option knows, and what it does to the option's configuration.
template <typename Config>
struct SettingKey {
    std::string_view name;
    std::string_view form;  ///< As the user writes it: "ro", "queues=N".
    Result<void> (*apply)(const Setting& setting, Config& config);
};

/// The parts between single commas, with each pair of commas made one.
std::vector<std::string> split_settings(std::string_view text);

Setting to_setting(std::string_view part);

/// "'queues=x': a disk has 1 to 16 queues".
Error wrong_setting(const Setting& setting, std::string_view takes);

/// "'qeues' is no setting of a disk: did you mean 'queues'?"; else all forms are listed.
Error unknown_setting(std::string_view name, std::string_view of_what,
                      std::span<const std::string_view> names,
                      std::span<const std::string_view> forms);

/// A decimal number above 0.
Result<std::uint64_t> positive_number(const Setting& setting, std::string_view takes);

/// A decimal number from `min`, which is above 0, to `max`.
Result<std::uint64_t> number_between(const Setting& setting, std::uint64_t min, std::uint64_t max,
                                     std::string_view takes);

/// Bytes a second: "100M" or "100M/s", above 0.
Result<TokenBucket::Rate> byte_rate(const Setting& setting);

/// Which one of two words the value is: true for the first.
Result<bool> is_first(const Setting& setting, std::string_view first, std::string_view second);

/// Does what one part says. `of_what` is for the error: "disk".
template <typename Config>
Result<void> apply_setting(const Setting& setting, std::span<const SettingKey<Config>> keys,
                           std::string_view of_what, Config& config) {
    std::vector<std::string_view> names;
    std::vector<std::string_view> forms;
    for (const SettingKey<Config>& key : keys) {
        if (key.name != setting.key) {
            names.push_back(key.name);
            forms.push_back(key.form);
            continue;
        }
        const bool takes_value = key.name != key.form;
        if (takes_value != setting.value.has_value()) {
            return wrong_setting(setting, std::string("write ") + std::string(key.form));
        }
        return key.apply(setting, config);
    }
    return unknown_setting(setting.key, of_what, names, forms);
}

}  // namespace skiff::cli
