// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "base/result.h"
#include "devices/host_side/window_size.h"

namespace skiff::devices {

/// The user's terminal, in raw mode while the guest has it, and given back always: by restore(),
/// by the destructor and exit(), before a stop (SIGTSTP), and when a signal kills the process
/// (terminal_signals.h). Only SIGKILL and SIGSTOP leave it raw; `stty sane` then helps.
///
/// It is left alone while the process is in the background of its session.
class Terminal {
  public:
    /// Nothing where `fd` is not a terminal. `wake_fd` is an eventfd that is written when the
    /// process was continued after a stop (call enter_raw() then) and when the window's size
    /// changed. At most one at a time.
    static std::unique_ptr<Terminal> open(int fd, int wake_fd);
    ~Terminal();
    Terminal(const Terminal&) = delete;
    Terminal& operator=(const Terminal&) = delete;

    /// Raw mode, where we are in the foreground (or the terminal is not one with job control).
    /// Returns whether it is ours now. Cheap to call again.
    bool enter_raw();
    /// The process was continued: what the terminal's mode is now has to be set again.
    bool needs_raw() const;
    std::optional<WindowSize> window() const { return window_size(fd_); }
    /// Back to the mode at open().
    void restore();

  private:
    explicit Terminal(int fd) : fd_(fd) {}

    const int fd_;
};

}  // namespace skiff::devices
