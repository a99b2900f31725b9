// SPDX-License-Identifier: Apache-2.0
#include "devices/console_menu/menu_command.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "base/units.h"

namespace skiff::devices {
namespace {

using Kind = MenuCommand::Kind;

struct Word {
    std::string_view short_form;
    std::string_view long_form;
    Kind kind;
};
constexpr std::array kWords = {
    Word{"q", "quit", Kind::kQuit},       Word{"p", "power", Kind::kPowerButton},
    Word{"b", "balloon", Kind::kBalloon}, Word{"f", "free", Kind::kHints},
    Word{"i", "info", Kind::kInfo},       Word{"h", "help", Kind::kHelp},
    Word{"?", "?", Kind::kHelp},
};

/// The first word of `line`, which is taken off it with the spaces around.
std::string_view take_word(std::string_view& line) {
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    const std::string_view word = line.substr(0, line.find(' '));
    line.remove_prefix(word.size());
    line.remove_prefix(std::min(line.find_first_not_of(' '), line.size()));
    return word;
}

Result<MenuCommand> parse_balloon(std::string_view argument) {
    if (argument.empty()) {
        return Error::user("b takes the size that the balloon is to have: b 64M");
    }
    const bool is_number = argument.find_first_not_of("0123456789") == std::string_view::npos;
    SKIFF_ASSIGN_OR_RETURN(const std::uint64_t size,
                           parse_size(std::string(argument) + (is_number ? "M" : "")));
    return MenuCommand{.kind = Kind::kBalloon, .size_bytes = size};
}

}  // namespace

Result<MenuCommand> parse_menu_command(std::string_view line) {
    const std::string_view word = take_word(line);
    if (word.empty()) {
        return MenuCommand{};
    }
    const auto* const known = std::find_if(kWords.begin(), kWords.end(), [word](const Word& entry) {
        return word == entry.short_form || word == entry.long_form;
    });
    if (known == kWords.end()) {
        return Error::user(fmt::format("there is no command '{}'; h tells which there are", word));
    }
    const std::string_view argument = take_word(line);
    if (!line.empty()) {
        return Error::user(fmt::format("'{}' is too much", line));
    }
    if (known->kind == Kind::kBalloon) {
        return parse_balloon(argument);
    }
    if (known->kind == Kind::kHints && argument == "stop") {
        return MenuCommand{.kind = Kind::kStopHints};
    }
    if (!argument.empty()) {
        return Error::user(fmt::format("'{}' is too much: {} takes nothing more", argument, word));
    }
    return MenuCommand{.kind = known->kind};
}

std::string_view menu_summary() {
    return "q quit, p power button, b SIZE balloon, f free pages, i info, h help, Enter: back";
}

std::string_view menu_help() {
    return "q             stop the machine at once (no Enter needed)\n"
           "p             press the guest's power button\n"
           "b SIZE        let the balloon have SIZE (64M; a number alone counts MiB)\n"
           "f, f stop     ask the guest which memory is free, for the host to take first\n"
           "i             state of the machine, the balloon and the other devices\n"
           "h, ?          this help\n"
           "Enter, Esc    back to the guest\n"
           "Ctrl-]        send Ctrl-] to the guest\n";
}

}  // namespace skiff::devices
