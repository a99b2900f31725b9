// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/api/command.h"
#include "vmm/api/vm_description.h"

/// Configuration files: a microVM as one JSON object, with Firecracker's keys (docs/api/).
namespace skiff::api {

/// The commands that say the same, in the order in which they are to be done.
Result<std::vector<Command>> parse_config(std::string_view text);

/// Reads the file, and makes of it what it describes. Errors name the file.
Result<VmDescription> load_config(const std::string& path);

/// Does one command before the start. An error where it is none of those.
Result<void> apply(const Command& command, VmDescription& description);

}  // namespace skiff::api
