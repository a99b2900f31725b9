// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "devices/console_menu/escape_menu.h"
#include "devices/host_side/host_descriptor.h"

namespace skiff::devices {

/// The escape menu on the user's terminal: takes what he types, gives the guest what is the guest's
/// and writes the menu's text to the terminal, without ever waiting for it.
///
/// Belongs to the event loop's thread.
class TerminalMenu {
  public:
    struct Owner {
        /// Keys for the guest, in order.
        std::function<void(std::span<const std::uint8_t> keys)> to_guest;
        /// The guest's output has to wait from now on, or may go on: between true and false the
        /// screen is the menu's.
        std::function<void(bool is_open)> on_open;
    };

    /// `terminal_fd` (the caller's) is the user's terminal; `loop` and `actions` outlive the menu.
    TerminalMenu(EventLoop& loop, int terminal_fd, MenuActions& actions, Owner owner);
    ~TerminalMenu();
    TerminalMenu(const TerminalMenu&) = delete;
    TerminalMenu& operator=(const TerminalMenu&) = delete;

    /// What the user typed.
    void input(std::span<const std::uint8_t> keys);
    /// The user has the prompt: he may type, whatever the guest has room for.
    bool is_open() const { return state_ == State::kPrompt; }

  private:
    /// kClosing: text of the menu still waits for a slow terminal, before the guest's.
    enum class State { kClosed, kPrompt, kClosing, kQuit };

    void open();
    void close();
    void show(const std::string& text);
    void write_waiting();
    bool watch();
    void unwatch();

    EventLoop& loop_;
    HostDescriptor terminal_;
    EscapeMenu menu_;
    Owner owner_;
    State state_ = State::kClosed;
    std::string waiting_;
    EventLoop::Id watch_ = 0;
};

}  // namespace skiff::devices
