// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/fw_cfg_option.h"

#include <fmt/format.h>

#include <array>
#include <string>

#include "vmm/cli/values/option_values.h"
#include "vmm/cli/values/settings.h"

namespace skiff::cli {
namespace {

using machine::FwCfgFile;

struct Parsed {
    FwCfgFile file;
    bool has_text = false;
};

Result<void> set_name(const Setting& setting, Parsed& parsed) {
    parsed.file.name = setting.value.value_or("");
    return {};
}

Result<void> set_file(const Setting& setting, Parsed& parsed) {
    SKIFF_ASSIGN_OR_RETURN(parsed.file.path, parse_path(setting.value.value_or("")));
    return {};
}

Result<void> set_string(const Setting& setting, Parsed& parsed) {
    parsed.file.text = setting.value.value_or("");
    parsed.has_text = true;
    return {};
}

constexpr std::array kKeys = {
    SettingKey<Parsed>{"name", "name=NAME", set_name},
    SettingKey<Parsed>{"file", "file=PATH", set_file},
    SettingKey<Parsed>{"string", "string=TEXT", set_string},
};

}  // namespace

Result<FwCfgFile> parse_fw_cfg(std::string_view text) {
    Parsed parsed;
    for (const std::string& part : split_settings(text)) {
        SKIFF_RETURN_IF_ERROR(
            apply_setting<Parsed>(to_setting(part), kKeys, "fw_cfg file", parsed));
    }
    if (parsed.file.name.empty() || parsed.file.path.has_value() == parsed.has_text) {
        return Error::user(fmt::format(
            "'{}' is no fw_cfg file: write name=NAME,file=PATH or name=NAME,string=TEXT", text));
    }
    return parsed.file;
}

}  // namespace skiff::cli
