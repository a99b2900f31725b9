// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace skiff::cli {

/// The whole program: parses `argv`, runs the subcommand, returns the process's exit status.
int run(int argc, char** argv);

}  // namespace skiff::cli
