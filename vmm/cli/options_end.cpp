// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/options_end.h"

#include <algorithm>
#include <string_view>

namespace skiff::cli {
namespace {

template <typename Matches>
bool takes_value(const CommandSpec& command, Matches matches) {
    return std::any_of(command.options.begin(), command.options.end(),
                       [&](const OptionSpec& option) {
                           return option.value_use == ValueUse::kRequired && matches(option);
                       });
}

/// Whether the argument after this one is its value.
bool next_is_its_value(const CommandSpec& command, std::string_view argument) {
    if (argument.starts_with("--")) {
        return takes_value(command, [&](const OptionSpec& option) {
            return argument.substr(2) == option.long_name;
        });
    }
    if (!argument.starts_with('-')) {
        return false;
    }
    // "-qm": flags, and at last an option whose value is what is left of the argument, or the next.
    const std::string_view letters = argument.substr(1);
    for (std::size_t i = 0; i < letters.size(); ++i) {
        if (takes_value(command, [&](const OptionSpec& option) {
                return option.short_name == letters[i];
            })) {
            return i + 1 == letters.size();
        }
    }
    return false;
}

}  // namespace

std::size_t options_end(const CommandSpec& command, std::span<const char* const> arguments) {
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string_view argument = arguments[i];
        if (argument == "--") {
            return i;
        }
        if (next_is_its_value(command, argument)) {
            ++i;
        }
    }
    return arguments.size();
}

}  // namespace skiff::cli
