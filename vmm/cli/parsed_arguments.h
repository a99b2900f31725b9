// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "vmm/cli/tables/command_spec.h"

namespace skiff::cli {

/// The arguments of one command, sorted into its options and arguments. Values are still text.
class ParsedArguments {
  public:
    /// `arguments` is what follows the command's name. A user error names the argument that is
    /// wrong, says why, and suggests the nearest name that exists. With --help among the
    /// arguments, a required argument may be missing.
    static Result<ParsedArguments> parse(const CommandSpec& command,
                                         std::span<const char* const> arguments);

    /// Whether an option (by its long name) or an argument (by its name) was given.
    bool has(std::string_view name) const { return last(name) != nullptr; }

    /// The value that was given last; nullptr where there is none, "" for a flag or for an optional
    /// value that was left out.
    const std::string* last(std::string_view name) const;

    /// What followed "--", for commands that take a command to run; nothing without "--".
    const std::optional<std::vector<std::string>>& words() const { return words_; }

    /// All values, in their order.
    std::vector<std::string_view> all(std::string_view name) const;

  private:
    struct Given {
        std::string_view name;
        std::string value;
    };
    std::vector<Given> given_;
    std::optional<std::vector<std::string>> words_;
};

}  // namespace skiff::cli
