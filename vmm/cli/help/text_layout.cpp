// SPDX-License-Identifier: Apache-2.0
#include "vmm/cli/help/text_layout.h"

#include <fmt/format.h>

namespace skiff::cli {
namespace {

constexpr std::size_t kWidth = 80;
constexpr std::size_t kHeadingColumn = 2;
constexpr std::size_t kTextColumn = 28;

}  // namespace

std::string option_heading(const OptionSpec& option) {
    const std::string short_part =
        option.short_name == '\0' ? "    " : fmt::format("-{}, ", option.short_name);
    switch (option.value_use) {
        case ValueUse::kNone:
            return fmt::format("{}--{}", short_part, option.long_name);
        case ValueUse::kRequired:
            return fmt::format("{}--{} {}", short_part, option.long_name, option.value_name);
        case ValueUse::kOptional:
            return fmt::format("{}--{}[={}]", short_part, option.long_name, option.value_name);
    }
    return {};
}

std::string option_help(const OptionSpec& option) {
    return option.default_value.empty()
               ? std::string(option.help)
               : fmt::format("{} [default: {}]", option.help, option.default_value);
}

std::string usage_line(const CommandSpec& command) {
    std::string usage = fmt::format("skiff {}", command.name);
    if (!command.options.empty()) {
        usage += " [OPTIONS]";
    }
    for (const ArgumentSpec& argument : command.arguments) {
        usage += argument.required ? fmt::format(" {}", argument.name)
                                   : fmt::format(" [{}]", argument.name);
        usage += argument.repeatable ? "..." : "";
    }
    if (!command.command_words.empty()) {
        usage += fmt::format(" [-- {}]", command.command_words);
    }
    return usage;
}

void append_wrapped(std::string& to, std::string_view text, std::size_t indent) {
    std::size_t column = to.size() - (to.rfind('\n') + 1);
    bool line_has_words = false;
    while (!text.empty()) {
        const std::size_t end = text.find_first_of(" \n");
        const std::string_view word = text.substr(0, end);
        if (line_has_words && column + 1 + word.size() > kWidth) {
            to += '\n';
            column = 0;
            line_has_words = false;
        }
        if (line_has_words) {
            to += ' ';
            ++column;
        } else if (column < indent) {
            to.append(indent - column, ' ');
            column = indent;
        }
        to += word;
        column += word.size();
        line_has_words = true;
        if (end == std::string_view::npos) {
            break;
        }
        if (text[end] == '\n') {
            to += "\n\n";
            column = 0;
            line_has_words = false;
        }
        text.remove_prefix(end + 1);
    }
    to += '\n';
}

void append_entry(std::string& to, std::string_view heading, std::string_view text) {
    to.append(kHeadingColumn, ' ');
    to += heading;
    if (kHeadingColumn + heading.size() + 2 > kTextColumn) {
        to += '\n';
    }
    append_wrapped(to, text, kTextColumn);
}

}  // namespace skiff::cli
