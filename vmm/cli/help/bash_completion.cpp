// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "vmm/cli/help/completion.h"
#include "vmm/cli/tables/command_spec.h"
#include "vmm/cli/tables/words.h"

namespace skiff::cli {
namespace {

// bash splits words at '=' (COMP_WORDBREAKS), so that "--entry=p" arrives as "--entry" "=" "p", and
// "--serial file=x" as "--serial" "file" "=" "x".
constexpr std::string_view kHead =
    R"(# bash completion of skiff, printed by 'skiff completion bash'.

_skiff_words() {
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "$cur")
    if [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]]; then
        compopt -o nospace 2>/dev/null || true
    fi
}

_skiff_files() {
    mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    compopt -o filenames 2>/dev/null || true
}

_skiff() {
    local cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]}
    COMPREPLY=()
    if [[ $cur == = ]]; then
        cur=
    elif [[ $before == = && COMP_CWORD -ge 2 ]]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
)";

std::string option_words(const CommandSpec& command) {
    std::string words;
    for (const OptionSpec& option : command.options) {
        words += fmt::format("--{} ", option.long_name);
    }
    return words + "--help";
}

/// "run:--memory | run:-m"
std::string option_pattern(const CommandSpec& command, const OptionSpec& option) {
    std::string pattern = fmt::format("{}:--{}", command.name, option.long_name);
    if (option.short_name != '\0') {
        pattern += fmt::format(" | {}:-{}", command.name, option.short_name);
    }
    return pattern;
}

std::string value_action(Completion completion, std::string_view choices) {
    switch (completion) {
        case Completion::kNothing:
            return "return";
        case Completion::kFile:
            return "_skiff_files; return";
        case Completion::kChoices:
            return fmt::format("_skiff_words \"{}\"; return", choices);
    }
    return "return";
}

void append_values(std::string& to, const CommandSpec& command) {
    for (const OptionSpec& option : command.options) {
        if (option.value_use != ValueUse::kRequired) {
            continue;
        }
        to += fmt::format("        {}) {} ;;\n", option_pattern(command, option),
                          value_action(option.completion, option.choices));
        for (const std::string_view choice : split_words(option.choices)) {
            if (choice.ends_with('=')) {
                to += fmt::format("        {}:{}) _skiff_files; return ;;\n", command.name,
                                  choice.substr(0, choice.size() - 1));
            }
        }
    }
}

void append_command(std::string& to, const CommandSpec& command) {
    to += fmt::format("        {})\n            if [[ $cur == -* ]]; then\n", command.name);
    to += fmt::format("                _skiff_words \"{}\"\n", option_words(command));
    // The first one's values for all: which of several a word is, is not looked at.
    if (!command.arguments.empty()) {
        const ArgumentSpec& argument = command.arguments.front();
        to += "            else\n";
        to += fmt::format("                {}\n",
                          value_action(argument.completion, argument.choices));
    }
    to += "            fi\n            ;;\n";
}

}  // namespace

std::string bash_completion() {
    std::string script(kHead);
    script += "    if [[ COMP_CWORD -eq 1 ]]; then\n        _skiff_words \"";
    for (const CommandSpec* command : all_commands()) {
        script += fmt::format("{} ", command->name);
    }
    script += "--help --version\"\n        return\n    fi\n";
    script += "    case ${COMP_WORDS[1]}:$before in\n";
    for (const CommandSpec* command : all_commands()) {
        append_values(script, *command);
    }
    script += "    esac\n    case ${COMP_WORDS[1]} in\n";
    for (const CommandSpec* command : all_commands()) {
        append_command(script, *command);
    }
    script += "    esac\n}\n\ncomplete -F _skiff skiff\n";
    return script;
}

}  // namespace skiff::cli
