// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "vmm/cli/tables/command_spec.h"

namespace skiff::cli {

/// `skiff --help`.
std::string program_help();

/// `skiff COMMAND --help`: usage, description, options by group, statuses, examples.
std::string command_help(const CommandSpec& command);

}  // namespace skiff::cli
