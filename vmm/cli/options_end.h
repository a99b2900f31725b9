// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>

#include "vmm/cli/tables/command_spec.h"

namespace skiff::cli {

/// Where the "--" is that ends the options of `command`; the number of arguments where there is
/// none. A "--" that is the value of an option (`--append --`) is none.
std::size_t options_end(const CommandSpec& command, std::span<const char* const> arguments);

}  // namespace skiff::cli
