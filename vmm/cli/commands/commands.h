// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/result.h"
#include "vmm/cli/parsed_arguments.h"
#include "vmm/cli/run/run_options.h"

/// What the commands do; each returns the process's exit status.
namespace skiff::cli {

int run_command(const ParsedArguments& arguments);
int test_command(const ParsedArguments& arguments);
int firecracker_command(const ParsedArguments& arguments);
int config_command(const ParsedArguments& arguments);
int doctor_command(const ParsedArguments& arguments);
int inspect_command(const ParsedArguments& arguments);
int gdb_command(const ParsedArguments& arguments);
int completion_command(const ParsedArguments& arguments);
int man_command(const ParsedArguments& arguments);
/// Takes QEMU's arguments, which are not of the form of the other commands'.
int qemu_command(std::span<const char* const> arguments);

/// Builds the machine, runs it, and answers its exit status: what `skiff run` does once it knows
/// its options.
Result<int> run_machine(const RunOptions& options);

}  // namespace skiff::cli
