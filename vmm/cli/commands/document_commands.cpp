// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "vmm/cli/commands/commands.h"
#include "vmm/cli/help/completion.h"
#include "vmm/cli/help/man_page.h"
#include "vmm/cli/output.h"

namespace skiff::cli {

int completion_command(const ParsedArguments& arguments) {
    const std::string& shell = *arguments.last("SHELL");
    if (shell == "bash") {
        return print(bash_completion());
    }
    if (shell == "zsh") {
        return print(zsh_completion());
    }
    return report(Error::user(fmt::format("no completion for '{}': choose bash or zsh", shell)));
}

int man_command(const ParsedArguments& arguments) {
    const std::string* const name = arguments.last("COMMAND");
    if (name == nullptr) {
        return print(program_man_page());
    }
    const CommandSpec* const command = find_command(*name);
    if (command == nullptr) {
        return report(Error::user(
            fmt::format("there is no command '{}': 'skiff --help' lists the commands", *name)));
    }
    return print(command_man_page(*command));
}

}  // namespace skiff::cli
