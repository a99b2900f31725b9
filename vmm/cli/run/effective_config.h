// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "vmm/api/config_file.h"
#include "vmm/cli/run/run_options.h"

/// A run in the words of a configuration file: what `skiff run --config` makes the same machine of.
namespace skiff::cli {

/// Sections where they say exactly what the options said, `run-options` for the rest. Disks and
/// interfaces have names in any case. What makes a machine for one command is no part of it.
api::VmDescription effective_config(const RunOptions& options);

/// The file's text. `remarks` are lines about the machine, and become comments where the form has
/// some.
std::string config_text(const api::VmDescription& description, api::ConfigForm form,
                        std::string_view remarks);

}  // namespace skiff::cli
