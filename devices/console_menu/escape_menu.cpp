// SPDX-License-Identifier: Apache-2.0
#include "devices/console_menu/escape_menu.h"

#include <string_view>

namespace skiff::devices {
namespace {

constexpr std::string_view kPrompt = "skiff> ";
constexpr std::size_t kMostCharacters = 60;

constexpr std::uint8_t kInterrupt = 0x03;
constexpr std::uint8_t kEndOfText = 0x04;
constexpr std::uint8_t kBackspace = 0x08;
constexpr std::uint8_t kKillLine = 0x15;
constexpr std::uint8_t kEscape = 0x1b;
constexpr std::uint8_t kDelete = 0x7f;

/// The length of what an arrow or another function key sends (ECMA-48, 5.4), at the beginning of
/// `keys`; 0 where there is none. A terminal sends it at once, unlike a user who presses Esc.
std::size_t function_key(std::span<const std::uint8_t> keys) {
    if (keys.size() < 3 || keys[0] != kEscape || (keys[1] != '[' && keys[1] != 'O')) {
        return 0;
    }
    std::size_t at = 2;
    while (at < keys.size() && (keys[at] < 0x40 || keys[at] > 0x7e)) {
        ++at;
    }
    return at < keys.size() ? at + 1 : at;
}

std::string outcome_of(const Result<void>& result, std::string_view done) {
    return (result.ok() ? std::string(done) : result.error().message()) + "\n";
}

}  // namespace

std::string EscapeMenu::open() {
    line_.clear();
    return "\nskiff: " + std::string(menu_summary()) + "\n" + std::string(kPrompt);
}

EscapeMenu::Outcome EscapeMenu::keys(std::span<const std::uint8_t> keys) {
    Outcome outcome;
    while (outcome.used < keys.size() && !outcome.is_over && !outcome.has_quit) {
        const auto rest = keys.subspan(outcome.used);
        if (const std::size_t length = function_key(rest); length != 0) {
            outcome.used += length;
        } else {
            ++outcome.used;
            key(rest.front(), outcome);
        }
    }
    return outcome;
}

void EscapeMenu::key(std::uint8_t key, Outcome& outcome) {
    switch (key) {
        case '\r':
        case '\n':
            enter(outcome);
            return;
        case kEscape:
        case kInterrupt:
        case kEndOfText:
            outcome.text += '\n';
            outcome.is_over = true;
            return;
        case kEscapeKey:
            outcome.text += '\n';
            outcome.is_over = outcome.sends_key = true;
            return;
        case kBackspace:
        case kDelete:
            erase(1, outcome);
            return;
        case kKillLine:
            erase(line_.size(), outcome);
            return;
        default:
            break;
    }
    if (line_.empty() && key == 'q') {
        // The way out stays two key presses long.
        outcome.text += "q\n";
        outcome.has_quit = true;
        actions_.quit();
        return;
    }
    if (key >= ' ' && key < kDelete && line_.size() < kMostCharacters) {
        line_ += static_cast<char>(key);
        outcome.text += static_cast<char>(key);
    }
}

void EscapeMenu::erase(std::size_t count, Outcome& outcome) {
    for (; count > 0 && !line_.empty(); --count) {
        line_.pop_back();
        outcome.text += "\b \b";
    }
}

/// A line that was wrong keeps the prompt; after all others the guest has the terminal again.
void EscapeMenu::enter(Outcome& outcome) {
    outcome.text += '\n';
    const auto command = parse_menu_command(line_);
    line_.clear();
    if (!command.ok()) {
        outcome.text += command.error().message() + "\n" + std::string(kPrompt);
        return;
    }
    if (command->kind == MenuCommand::Kind::kHelp) {
        outcome.text += std::string(menu_help()) + std::string(kPrompt);
        return;
    }
    outcome.has_quit = command->kind == MenuCommand::Kind::kQuit;
    outcome.is_over = !outcome.has_quit;
    outcome.text += run(*command);
}

std::string EscapeMenu::run(const MenuCommand& command) {
    switch (command.kind) {
        case MenuCommand::Kind::kQuit:
            actions_.quit();
            break;
        case MenuCommand::Kind::kPowerButton:
            actions_.press_power_button();
            return "the power button is pressed\n";
        case MenuCommand::Kind::kBalloon:
            return outcome_of(actions_.set_balloon_size(command.size_bytes),
                              "the guest is asked for it; i shows how far it is");
        case MenuCommand::Kind::kHints:
            return outcome_of(actions_.start_free_page_hints(),
                              "the guest is asked for it; i shows what it told");
        case MenuCommand::Kind::kStopHints:
            return outcome_of(actions_.stop_free_page_hints(), "the guest is told to stop");
        case MenuCommand::Kind::kInfo:
            return actions_.describe();
        case MenuCommand::Kind::kBack:
        case MenuCommand::Kind::kHelp:
            break;
    }
    return {};
}

}  // namespace skiff::devices
