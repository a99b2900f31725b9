// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

namespace skiff::machine {

/// The first 64 KiB of a small text file of the host (/proc, /sys, /etc), or nothing.
std::optional<std::string> read_host_file(const std::string& path);

/// Its first line without the line break.
std::optional<std::string> read_host_line(const std::string& path);

}  // namespace skiff::machine
