// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>

#include "vmm/cli/tables/command_spec.h"

/// The part of the table of `skiff run` (run_table.cpp) that is about the command behind "--".
namespace skiff::cli {

inline constexpr std::array kRunCommandOptions = {
    OptionSpec{
        .long_name = "add",
        .value_use = ValueUse::kRequired,
        .value_name = "HOST[:GUEST]",
        .completion = Completion::kFile,
        .repeatable = true,
        .group = "The command",
        .help =
            "Put this file or folder into the guest too, at the same path or at GUEST, and what "
            "programs in it need. May be repeated.",
    },
    OptionSpec{
        .long_name = "env",
        .value_use = ValueUse::kRequired,
        .value_name = "NAME[=VALUE]",
        .repeatable = true,
        .group = "The command",
        .help = "An environment variable of the command, with this value or the one that it has "
                "here. Without it there are PATH, HOME, TERM and LANG. May be repeated.",
    },
    OptionSpec{
        .long_name = "cwd",
        .value_use = ValueUse::kRequired,
        .value_name = "FOLDER",
        .group = "The command",
        .help = "Where the command runs in the guest, in place of a folder with the path of the "
                "current one (with --root: /).",
    },
    OptionSpec{
        .long_name = "root",
        .value_use = ValueUse::kRequired,
        .value_name = "FOLDER",
        .completion = Completion::kFile,
        .group = "The command",
        .help = "Run the command in this tree as its root, in place of only what it needs. What "
                "the guest writes stays in its memory.",
    },
    OptionSpec{
        .long_name = "interactive",
        .short_name = 't',
        .group = "The command",
        .help = "Give the command (a shell, where there is none) this terminal, with job control "
                "and the window's size, in place of three streams.",
    },
};

}  // namespace skiff::cli
