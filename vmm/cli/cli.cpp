// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/cli.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "base/suggestion.h"
#include "vmm/cli/commands/commands.h"
#include "vmm/cli/help/help.h"
#include "vmm/cli/output.h"
#include "vmm/cli/tables/command_tables.h"
#include "vmm/cli/version.h"

namespace skiff::cli {
namespace {

struct Handler {
    const CommandSpec* command;
    int (*run)(const ParsedArguments&);
};

constexpr std::array kHandlers = {
    Handler{&kRunCommand, run_command},         Handler{&kDoctorCommand, doctor_command},
    Handler{&kInspectCommand, inspect_command}, Handler{&kCompletionCommand, completion_command},
    Handler{&kManCommand, man_command},         Handler{&kGdbCommand, gdb_command},
    Handler{&kTestCommand, test_command},       Handler{&kConfigCommand, config_command},
};

Error unknown_command(std::string_view given) {
    std::vector<std::string_view> known;
    for (const CommandSpec* command : all_commands()) {
        known.push_back(command->name);
    }
    const std::string_view meant = nearest(given, known);
    if (!meant.empty()) {
        return Error::user(fmt::format("unknown command '{}': did you mean {}?", given, meant));
    }
    if (given.starts_with('-')) {
        return Error::user(
            fmt::format("unknown option {}: a command comes first, as in 'skiff run KERNEL'; see "
                        "'skiff --help'",
                        given));
    }
    return Error::user(fmt::format(
        "unknown command '{}': to boot a kernel write 'skiff run {}'; see 'skiff --help'", given,
        given));
}

int run_handler(const Handler& handler, std::span<const char* const> arguments) {
    const Result<ParsedArguments> parsed = ParsedArguments::parse(*handler.command, arguments);
    if (!parsed.ok()) {
        return report(parsed.error());
    }
    if (parsed->has(kHelpOption.long_name)) {
        return print(command_help(*handler.command));
    }
    return handler.run(*parsed);
}

constexpr Handler kFirecracker = {&kFirecrackerCommand, firecracker_command};

std::string_view file_name(std::string_view path) {
    return path.substr(path.rfind('/') + 1);
}

/// Called by one of QEMU's names, through a link.
bool is_called_qemu(std::string_view name) {
    return name.starts_with("qemu-system-") || name == "qemu-kvm";
}

/// Whether this is an option of Firecracker's, which takes no command before its options.
bool is_firecracker_option(std::string_view argument) {
    if (!argument.starts_with("--")) {
        return false;
    }
    const std::string_view name = argument.substr(2, argument.find('=') - 2);
    return std::any_of(kFirecrackerCommand.options.begin(), kFirecrackerCommand.options.end(),
                       [name](const OptionSpec& option) { return option.long_name == name; });
}

}  // namespace

int run(int argc, char** argv) {
    const std::span<const char* const> arguments(argv, static_cast<std::size_t>(argc));
    const std::string_view called = arguments.empty() ? "" : file_name(arguments[0]);
    if (is_called_qemu(called)) {
        return qemu_command(arguments.subspan(1));
    }
    if (called == "firecracker") {
        return run_handler(kFirecracker, arguments.subspan(1));
    }
    if (arguments.size() < 2) {
        return report(Error::user("no command given: try 'skiff run KERNEL' or 'skiff --help'"));
    }
    const std::string_view command = arguments[1];
    if (command == "--help" || command == "-h") {
        return print(program_help());
    }
    if (command == "--version" || command == "-V") {
        return print(fmt::format("skiff {}\n", kVersion));
    }
    if (command == kQemuCommand.name) {
        return qemu_command(arguments.subspan(2));
    }
    if (command == kFirecrackerCommand.name) {
        return run_handler(kFirecracker, arguments.subspan(2));
    }
    if (is_firecracker_option(command)) {
        return run_handler(kFirecracker, arguments.subspan(1));
    }
    for (const Handler& handler : kHandlers) {
        if (command == handler.command->name) {
            return run_handler(handler, arguments.subspan(2));
        }
    }
    return report(unknown_command(command));
}

}  // namespace skiff::cli
