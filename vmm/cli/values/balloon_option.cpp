// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/balloon_option.h"

#include <array>

#include "vmm/cli/values/option_values.h"
#include "vmm/cli/values/settings.h"

namespace skiff::cli {
namespace {

using machine::BalloonConfig;

Result<void> set_size(const Setting& setting, BalloonConfig& balloon) {
    const auto size = parse_memory_size(setting.value.value_or(""));
    if (!size.ok()) {
        return size.error().with_context("size");
    }
    balloon.size_bytes = *size;
    return {};
}

Result<void> set_deflate_on_oom(const Setting& /*setting*/, BalloonConfig& balloon) {
    balloon.deflate_on_oom = true;
    return {};
}

Result<void> set_free_page_reporting(const Setting& /*setting*/, BalloonConfig& balloon) {
    balloon.free_page_reporting = true;
    return {};
}

Result<void> set_stats(const Setting& setting, BalloonConfig& balloon) {
    const auto interval = parse_timeout(setting.value.value_or(""));
    if (!interval.ok()) {
        return interval.error().with_context("stats");
    }
    balloon.stats_interval = *interval;
    return {};
}

constexpr std::array kKeys = {
    SettingKey<BalloonConfig>{"size", "size=SIZE", set_size},
    SettingKey<BalloonConfig>{"deflate-on-oom", "deflate-on-oom", set_deflate_on_oom},
    SettingKey<BalloonConfig>{"free-page-reporting", "free-page-reporting",
                              set_free_page_reporting},
    SettingKey<BalloonConfig>{"stats", "stats=SECONDS", set_stats},
};

}  // namespace

Result<BalloonConfig> parse_balloon(std::string_view text) {
    BalloonConfig balloon;
    if (text.empty()) {
        return balloon;
    }
    for (const std::string& part : split_settings(text)) {
        SKIFF_RETURN_IF_ERROR(
            apply_setting<BalloonConfig>(to_setting(part), kKeys, "balloon", balloon));
    }
    return balloon;
}

}  // namespace skiff::cli
