// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/help/help.h"

#include <fmt/format.h>

#include "vmm/cli/help/text_layout.h"

namespace skiff::cli {
namespace {

void append_options(std::string& to, std::span<const OptionSpec> options) {
    std::string_view group;
    for (const OptionSpec& option : options) {
        if (option.group != group) {
            group = option.group;
            to += fmt::format("\n{}:\n", group);
        }
        append_entry(to, option_heading(option), option_help(option));
    }
}

void append_examples(std::string& to, std::span<const ExampleSpec> examples) {
    if (examples.empty()) {
        return;
    }
    to += "\nExamples:\n";
    for (const ExampleSpec& example : examples) {
        to += fmt::format("  {}\n", example.command);
        append_wrapped(to, example.explanation, 6);
    }
}

}  // namespace

std::string program_help() {
    std::string text = "usage: skiff COMMAND [OPTIONS]\n\n";
    append_wrapped(text, "skiff boots Linux in lightweight virtual machines on KVM.", 0);
    text += "\nCommands:\n";
    for (const CommandSpec* command : all_commands()) {
        append_entry(text, command->name, command->summary);
    }
    text += "\nHelp:\n";
    append_entry(text, "-h, --help", "Print this help; 'skiff COMMAND --help' for a command's.");
    append_entry(text, "-V, --version", "Print the version.");
    append_examples(text, program_examples());
    return text;
}

std::string command_help(const CommandSpec& command) {
    std::string text = fmt::format("usage: {}\n\n", usage_line(command));
    append_wrapped(text, command.description, 0);
    if (!command.arguments.empty()) {
        text += "\nArguments:\n";
        for (const ArgumentSpec& argument : command.arguments) {
            append_entry(text, argument.name, argument.help);
        }
    }
    append_options(text, command.options);
    append_options(text, {&kHelpOption, 1});
    if (!command.statuses.empty()) {
        text += "\nExit status:\n";
        for (const StatusSpec& status : command.statuses) {
            append_entry(text, status.status, status.meaning);
        }
    }
    append_examples(text, command.examples);
    return text;
}

}  // namespace skiff::cli
