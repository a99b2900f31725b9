// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "vmm/cli/tables/command_spec.h"

namespace skiff::cli {

/// "-m, --memory SIZE", "    --entry PROTOCOL", "    --debug-exit[=PORT]".
std::string option_heading(const OptionSpec& option);

/// The help sentence with the default behind it: "… [default: 256M]".
std::string option_help(const OptionSpec& option);

/// "skiff run [OPTIONS] [KERNEL]"
std::string usage_line(const CommandSpec& command);

/// Appends `text` in lines of at most 80 columns, each after `indent` blanks; a line break in
/// `text` begins a new paragraph.
void append_wrapped(std::string& to, std::string_view text, std::size_t indent);

/// Appends a two-column entry: heading at column 2, text from column 28 on.
void append_entry(std::string& to, std::string_view heading, std::string_view text);

}  // namespace skiff::cli
