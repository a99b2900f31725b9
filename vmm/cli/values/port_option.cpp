// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/values/port_option.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace skiff::cli {
namespace {

using machine::MachineConfig;
using machine::PortConfig;

/// What a file in the guest's /dev/virtio-ports can be called without trouble.
bool is_name_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == '-';
}

bool is_name(std::string_view name) {
    return !name.empty() && name.size() <= PortConfig::kMaxNameBytes && name != "." &&
           name != ".." && std::all_of(name.begin(), name.end(), is_name_character);
}

}  // namespace

Result<MachineConfig::Console> parse_console(std::string_view text) {
    if (text == "serial") {
        return MachineConfig::Console::kSerial;
    }
    if (text == "virtio") {
        return MachineConfig::Console::kVirtio;
    }
    if (text == "none") {
        return MachineConfig::Console::kNone;
    }
    return Error::user(fmt::format("'{}' is no console: choose serial, virtio or none", text));
}

Result<PortConfig> parse_port(std::string_view text) {
    const std::size_t equals = text.find('=');
    if (equals == std::string_view::npos) {
        return Error::user(fmt::format("'{}' has no path: write NAME=PATH", text));
    }
    const std::string_view name = text.substr(0, equals);
    std::string_view path = text.substr(equals + 1);
    if (!is_name(name)) {
        return Error::user(
            fmt::format("'{}' is no name of a port: take 1 to {} letters, digits, dots, hyphens "
                        "and underscores",
                        name, PortConfig::kMaxNameBytes));
    }
    PortConfig port;
    port.name = name;
    if (path.starts_with("unix=")) {
        port.kind = PortConfig::Kind::kUnix;
        path.remove_prefix(5);
    } else if (path.starts_with("file=")) {
        port.kind = PortConfig::Kind::kFile;
        path.remove_prefix(5);
    }
    if (path.empty()) {
        return Error::user(fmt::format("'{}' has no path: write NAME=PATH", text));
    }
    port.path = path;
    return port;
}

}  // namespace skiff::cli
