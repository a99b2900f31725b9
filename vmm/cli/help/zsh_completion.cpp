// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <vector>

#include "vmm/cli/help/completion.h"
#include "vmm/cli/tables/command_spec.h"
#include "vmm/cli/tables/words.h"

// The notation is that of zsh's _arguments (zshcompsys(1)).
namespace skiff::cli {
namespace {

/// For text inside of '…[…]…:…': no quote ends the word, no bracket or colon ends the field.
std::string escaped(std::string_view text) {
    std::string result;
    for (const char c : text) {
        if (c == '\'') {
            result += "'\\''";
            continue;
        }
        if (c == '[' || c == ']' || c == ':' || c == '\\') {
            result += '\\';
        }
        result += c;
    }
    return result;
}

/// What _arguments is to do for a value.
std::string action(Completion completion, std::string_view choices) {
    if (completion == Completion::kNothing) {
        return " ";
    }
    if (completion == Completion::kFile) {
        return "_files";
    }
    std::vector<std::string_view> whole;
    std::vector<std::string_view> prefixes;
    for (const std::string_view choice : split_words(choices)) {
        if (choice.ends_with('=')) {
            prefixes.push_back(choice);
        } else {
            whole.push_back(choice);
        }
    }
    if (prefixes.empty()) {
        return fmt::format("({})", choices);
    }
    return fmt::format(
        "{{ if compset -P \"({})\"; then _files; else compadd -- {}; compadd -S \"\" -- {}; fi }}",
        fmt::join(prefixes, "|"), fmt::join(whole, " "), fmt::join(prefixes, " "));
}

/// '(-m --memory)'{-m+,--memory=}'[help]:SIZE: '
std::string option_line(const OptionSpec& option) {
    std::string_view after_letter;
    std::string_view after_name;
    std::string value;
    if (option.value_use == ValueUse::kRequired) {
        after_letter = "+";
        after_name = "=";
        value = fmt::format(":{}:{}", option.value_name, action(option.completion, option.choices));
    } else if (option.value_use == ValueUse::kOptional) {
        after_name = "=-";
        value =
            fmt::format("::{}:{}", option.value_name, action(option.completion, option.choices));
    }
    const std::string help = fmt::format("'[{}]{}'", escaped(option.help), value);
    if (option.short_name == '\0') {
        return fmt::format("'{}--{}{}'{}", option.repeatable ? "*" : "", option.long_name,
                           after_name, help);
    }
    const std::string names = fmt::format("{{-{}{},--{}{}}}", option.short_name, after_letter,
                                          option.long_name, after_name);
    if (option.repeatable) {
        return fmt::format("'*'{}{}", names, help);
    }
    return fmt::format("'(-{} --{})'{}{}", option.short_name, option.long_name, names, help);
}

void append_command(std::string& to, const CommandSpec& command) {
    to += fmt::format("                {})\n                    _arguments -s", command.name);
    const auto append = [&](const std::string& line) {
        to += fmt::format(" \\\n                        {}", line);
    };
    for (const OptionSpec& option : command.options) {
        append(option_line(option));
    }
    append(option_line(kHelpOption));
    int position = 1;
    for (const ArgumentSpec& argument : command.arguments) {
        append(fmt::format("'{}:{}:{}'", argument.repeatable ? "*" : std::to_string(position),
                           argument.name, action(argument.completion, argument.choices)));
        ++position;
    }
    to += "\n                    ;;\n";
}

}  // namespace

std::string zsh_completion() {
    std::string script = R"(#compdef skiff
# zsh completion of skiff, printed by 'skiff completion zsh'.

_skiff() {
    local curcontext="$curcontext" state line
    local -a commands
    commands=(
)";
    for (const CommandSpec* command : all_commands()) {
        script += fmt::format("        '{}:{}'\n", command->name, escaped(command->summary));
    }
    script += R"(    )
    _arguments -C \
        '(- *)'{-h,--help}'[Print help and exit.]' \
        '(- *)'{-V,--version}'[Print the version and exit.]' \
        '1:command:->command' \
        '*::argument:->argument'
    case $state in
        command)
            _describe -t commands command commands
            ;;
        argument)
            case $line[1] in
)";
    for (const CommandSpec* command : all_commands()) {
        append_command(script, *command);
    }
    script += R"(            esac
            ;;
    esac
}

if [[ $funcstack[1] == _skiff ]]; then
    _skiff "$@"
elif (( $+functions[compdef] )); then
    compdef _skiff skiff
fi
)";
    return script;
}

}  // namespace skiff::cli
