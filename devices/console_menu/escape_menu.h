// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "devices/console_menu/menu_actions.h"
#include "devices/console_menu/menu_command.h"

namespace skiff::devices {

/// The menu that the escape key opens on a console: a line editor and its commands. No I/O of its
/// own: keys go in, text for the terminal (lines end in '\n') and keys for the guest come out.
class EscapeMenu {
  public:
    /// Ctrl-], as in telnet.
    static constexpr std::uint8_t kEscapeKey = 0x1d;

    /// What came of keys.
    struct Outcome {
        std::size_t used = 0;    ///< So many of the keys; the others are the guest's.
        std::string text;        ///< To be shown.
        bool is_over = false;    ///< Back to the guest.
        bool has_quit = false;   ///< Nothing is read any more.
        bool sends_key = false;  ///< The guest gets the escape key itself.
    };

    /// `actions` outlives the menu.
    explicit EscapeMenu(MenuActions& actions) : actions_(actions) {}

    /// The user pressed the escape key: what is shown.
    std::string open();
    /// What he types after it, until `is_over` or `has_quit`.
    Outcome keys(std::span<const std::uint8_t> keys);

  private:
    void key(std::uint8_t key, Outcome& outcome);
    void enter(Outcome& outcome);
    void erase(std::size_t count, Outcome& outcome);
    std::string run(const MenuCommand& command);

    MenuActions& actions_;
    std::string line_;
};

}  // namespace skiff::devices
