// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/api/command.h"
#include "vmm/api/vm_description.h"

/// Configuration files: a microVM as one object, with Firecracker's keys, in JSON or TOML
/// (docs/api/).
namespace skiff::api {

enum class ConfigForm { kJson, kToml };

/// By the path's extension, or by how the text begins where that is neither .json nor .toml.
ConfigForm form_of(std::string_view path, std::string_view text);

/// The commands that say the same, in the order in which they are to be done.
Result<std::vector<Command>> parse_config(std::string_view text, ConfigForm form);

/// Reads the file, and makes of it what it describes. Errors name the file. `apply_options` knows
/// what its `run-options` mean.
Result<VmDescription> load_config(const std::string& path, ApplyOptions apply_options);

/// Puts what the file has, one JSON object, into the metadata service. Errors name the file.
Result<void> load_metadata(const std::string& path, Mmds& mmds);

/// Does one command before the start. An error where it is none of those.
Result<void> apply(const Command& command, VmDescription& description);

}  // namespace skiff::api
