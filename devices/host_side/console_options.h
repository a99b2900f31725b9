// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include "devices/console_menu/menu_actions.h"

namespace skiff::devices {

/// What the guest's console is connected to on the host.
struct ConsoleOptions {
    enum class Kind { kStdio, kNone, kFile, kPty, kUnix };

    Kind kind = Kind::kStdio;
    /// For kFile (truncated) and kUnix (the socket that is listened on).
    std::string path;
    /// For kStdio; -1: there is none.
    int input_fd = 0;
    int output_fd = 1;
    /// For kStdio: a terminal is the guest's, in raw mode. Else it is read as any file is.
    bool owns_terminal = true;
    /// For kStdio on a terminal: what the menu on Ctrl-] does; outlives the serial port. Without
    /// it, that key is the guest's like all others.
    MenuActions* menu = nullptr;
    /// Others than who is at the host's side may type and have a window (ConsoleHost::type()).
    bool is_shared = false;
    /// Do not announce the escape key or where the other end is.
    bool quiet = false;
    /// How long finish() waits for a slow reader at the end.
    std::chrono::milliseconds flush_timeout{2000};
};

}  // namespace skiff::devices
