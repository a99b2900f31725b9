// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace skiff::cli {

/// A script for bash to source: completes commands, options, their values and files.
std::string bash_completion();

/// An autoload function `_skiff` for zsh, which may be sourced too.
std::string zsh_completion();

}  // namespace skiff::cli
