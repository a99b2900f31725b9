// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "vmm/cli/parsed_arguments.h"

/// What the commands do; each returns the process's exit status.
namespace skiff::cli {

int run_command(const ParsedArguments& arguments);
int doctor_command(const ParsedArguments& arguments);
int inspect_command(const ParsedArguments& arguments);
int completion_command(const ParsedArguments& arguments);
int man_command(const ParsedArguments& arguments);

}  // namespace skiff::cli
