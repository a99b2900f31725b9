// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/vsock_option.h"

#include <fmt/format.h>

#include <array>
#include <optional>
#include <string>

#include "vmm/cli/values/settings.h"

namespace skiff::cli {
namespace {

using machine::VsockConfig;

/// What was given of it.
struct Given {
    std::optional<std::uint32_t> cid;
    std::optional<std::string> path;
};

Result<void> set_cid(const Setting& setting, Given& given) {
    SKIFF_ASSIGN_OR_RETURN(
        const std::uint64_t cid,
        number_between(setting, VsockConfig::kFirstCid, VsockConfig::kLastCid,
                       fmt::format("a guest's context id is a number from {} to {}",
                                   VsockConfig::kFirstCid, VsockConfig::kLastCid)));
    given.cid = static_cast<std::uint32_t>(cid);
    return {};
}

Result<void> set_path(const Setting& setting, Given& given) {
    std::string path(setting.value.value_or(""));
    if (const auto checked = virtio::vsock::check_socket_path(path); !checked) {
        return checked.error().with_context(fmt::format("'path={}'", path));
    }
    given.path = std::move(path);
    return {};
}

constexpr std::array kKeys = {
    SettingKey<Given>{"cid", "cid=N", set_cid},
    SettingKey<Given>{"path", "path=SOCKET", set_path},
};

}  // namespace

Result<VsockConfig> parse_vsock(std::string_view text) {
    Given given;
    for (const std::string& part : split_settings(text)) {
        SKIFF_RETURN_IF_ERROR(
            apply_setting<Given>(to_setting(part), kKeys, "socket device", given));
    }
    if (!given.cid.has_value() || !given.path.has_value()) {
        return Error::user(fmt::format("'{}' names no {}: write for example cid=3,path=/tmp/v.sock",
                                       text, given.cid.has_value() ? "path" : "cid"));
    }
    return VsockConfig{.cid = *given.cid, .path = *given.path};
}

}  // namespace skiff::cli
