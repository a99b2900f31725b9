// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "base/result.h"
#include "vmm/api/resources/machine_options.h"
#include "vmm/cli/parsed_arguments.h"
#include "vmm/machine/machine_config.h"

/// The options of `skiff run` that describe a machine.
namespace skiff::cli {

/// `--gdb auto`: the address comes from the machine's name.
inline constexpr const char* kGdbAuto = "auto";

/// Changes what the arguments say; what they do not name stays as it is. The kernel's path is not
/// among it. User errors name the option, what was given and what it takes.
Result<void> assign_machine_options(const ParsedArguments& arguments,
                                    machine::MachineConfig& config);

/// Whether an option may stand in `run-options`: it describes the machine, and no section of a
/// configuration has all that it says. `name` is one of `skiff run`.
bool is_machine_option(std::string_view name);

/// Those of the arguments that may stand there, after `earlier` ones, which a file gave: an option
/// that cannot be repeated takes the place of an earlier one.
api::MachineOptions given_options(const ParsedArguments& arguments, api::MachineOptions earlier);

/// What a configuration's `run-options` mean (api::ApplyOptions).
Result<void> apply_machine_options(const api::MachineOptions& options,
                                   machine::MachineConfig& config);

}  // namespace skiff::cli
