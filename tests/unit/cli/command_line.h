// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <initializer_list>
#include <string>
#include <vector>

#include "vmm/cli/parsed_arguments.h"
#include "vmm/cli/run/run_options.h"
#include "vmm/cli/tables/command_tables.h"

namespace skiff::cli {

/// What follows "skiff run", as parsed options or the error.
inline Result<RunOptions> parse_run(const std::vector<const char*>& arguments) {
    SKIFF_ASSIGN_OR_RETURN(const ParsedArguments parsed,
                           ParsedArguments::parse(kRunCommand, arguments));
    return to_run_options(parsed);
}

/// The configuration of a command line that must be right.
inline machine::MachineConfig config_of(const std::vector<const char*>& arguments) {
    const Result<RunOptions> options = parse_run(arguments);
    if (!options.ok()) {
        FAIL(options.error().message());
    }
    return options->config;
}

/// The message of a command line that must be wrong, or "" where it was taken.
inline std::string error_of(const std::vector<const char*>& arguments) {
    const Result<RunOptions> result = parse_run(arguments);
    return result.ok() ? std::string() : result.error().message();
}

}  // namespace skiff::cli
