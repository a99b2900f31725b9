// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "vmm/cli/tables/command_spec.h"

namespace skiff::cli {

/// skiff(1), in the roff of man(7).
std::string program_man_page();

/// skiff-COMMAND(1).
std::string command_man_page(const CommandSpec& command);

}  // namespace skiff::cli
