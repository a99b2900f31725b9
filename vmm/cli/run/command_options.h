// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "vmm/bundle/command_request.h"
#include "vmm/cli/parsed_arguments.h"
#include "vmm/machine/machine_config.h"

namespace skiff::cli {

/// Reads "-- COMMAND" and its options. Nothing where there is no command. Changes of `config` what
/// a command changes: the console is not shown. User errors as those of to_run_options().
Result<std::optional<bundle::CommandRequest>> to_command_request(const ParsedArguments& arguments,
                                                                 machine::MachineConfig& config);

/// "HOST" or "HOST:GUEST", where GUEST begins with '/'.
Result<bundle::Addition> parse_addition(std::string_view text);

}  // namespace skiff::cli
