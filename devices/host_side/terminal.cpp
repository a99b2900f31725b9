// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/terminal.h"

#include <termios.h>
#include <unistd.h>

#include <cstdlib>
#include <memory>

#include "base/log.h"
#include "devices/host_side/terminal_signals.h"

namespace skiff::devices {

std::unique_ptr<Terminal> Terminal::open(int fd, int wake_fd) {
    termios mode{};
    if (::tcgetattr(fd, &mode) != 0) {
        return nullptr;
    }
    terminal_signals::install(fd, mode, wake_fd);
    static const int at_exit = std::atexit(terminal_signals::restore);
    (void)at_exit;
    return std::unique_ptr<Terminal>(new Terminal(fd));
}

Terminal::~Terminal() {
    restore();
    terminal_signals::uninstall();
}

bool Terminal::enter_raw() {
    if (!terminal_signals::in_foreground(fd_)) {
        return false;
    }
    if (!terminal_signals::is_raw() && terminal_signals::enter_raw()) {
        log::set_raw_terminal(::isatty(STDERR_FILENO) == 1);
    }
    return true;
}

bool Terminal::needs_raw() const {
    return !terminal_signals::is_raw();
}

void Terminal::restore() {
    terminal_signals::restore();
    log::set_raw_terminal(false);
}

}  // namespace skiff::devices
