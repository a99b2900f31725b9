// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"

namespace skiff::devices {

/// A line typed at the menu's prompt.
struct MenuCommand {
    enum class Kind {
        kBack,  ///< An empty line.
        kQuit,
        kPowerButton,
        kBalloon,
        kHints,
        kStopHints,
        kInfo,
        kHelp,
    };
    Kind kind = Kind::kBack;
    /// For kBalloon.
    std::uint64_t size_bytes = 0;
};

/// A user error says what is taken. Sizes are as -m takes them: a number alone counts MiB.
Result<MenuCommand> parse_menu_command(std::string_view line);

/// The commands in one line, and each in a line of its own.
std::string_view menu_summary();
std::string_view menu_help();

}  // namespace skiff::devices
