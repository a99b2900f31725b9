// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

/// The part of Terminal that signal handlers share: one terminal a process, reached without locks
/// by async-signal-safe calls only.
namespace skiff::devices::terminal_signals {

/// Remembers `mode` as what to go back to, and takes over the signals that would end or stop the
/// process with the terminal raw: each keeps the effect it had. Signals that somebody handles or
/// ignores already are left to him. `wake_fd` is written on SIGCONT and SIGWINCH.
void install(int fd, const termios& mode, int wake_fd);
/// Gives the signals back.
void uninstall();

/// Whether the terminal is in raw mode by enter().
bool is_raw();
/// Whether changing and reading the terminal is ours: not in the background of its session.
bool in_foreground(int fd);
/// Sets raw mode; false where the terminal does not take it.
bool enter_raw();
/// Goes back to the remembered mode, where raw mode is on and the terminal still ours.
void restore();

}  // namespace skiff::devices::terminal_signals
