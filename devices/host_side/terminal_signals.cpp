// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/terminal_signals.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstddef>

namespace skiff::devices::terminal_signals {
namespace {

// Signals whose default action ends the process. After the terminal is restored they act as they
// would have without us. SIGPIPE is ignored where a serial port exists; SIGKILL cannot be caught.
constexpr std::array kFatal = {SIGSEGV, SIGBUS, SIGILL,  SIGFPE,  SIGABRT, SIGSYS,  SIGTRAP,
                               SIGHUP,  SIGINT, SIGQUIT, SIGTERM, SIGALRM, SIGXCPU, SIGXFSZ};

struct Shared {
    int fd = -1;
    int wake_fd = -1;
    termios original{};
    termios raw{};
    std::atomic<bool> is_raw{false};
    struct sigaction fatal_before[kFatal.size()] = {};
    std::array<bool, kFatal.size()> fatal_taken{};
    struct sigaction stop_before = {};
    struct sigaction continue_before = {};
    struct sigaction window_before = {};
    bool stop_taken = false;
    bool continue_taken = false;
    bool window_taken = false;
};
Shared shared;
static_assert(std::atomic<bool>::is_always_lock_free);

/// A background process that sets the mode gets SIGTTOU and stops, unless it blocks the signal.
void set_mode(const termios& mode) {
    sigset_t block;
    sigset_t before;
    ::sigemptyset(&block);
    ::sigaddset(&block, SIGTTOU);
    ::pthread_sigmask(SIG_BLOCK, &block, &before);
    while (::tcsetattr(shared.fd, TCSANOW, &mode) != 0 && errno == EINTR) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

void on_fatal(int signal) {
    const int saved_errno = errno;
    restore();
    for (std::size_t i = 0; i < kFatal.size(); ++i) {
        if (kFatal[i] == signal) {
            ::sigaction(signal, &shared.fatal_before[i], nullptr);
        }
    }
    // Blocked until this handler returns; for a fault the instruction faults again anyhow.
    ::raise(signal);
    errno = saved_errno;
}

void on_stop(int signal) {
    const int saved_errno = errno;
    restore();
    struct sigaction ours {};
    ::sigaction(signal, &shared.stop_before, &ours);
    sigset_t unblock;
    sigset_t before;
    ::sigemptyset(&unblock);
    ::sigaddset(&unblock, signal);
    ::raise(signal);
    ::pthread_sigmask(SIG_UNBLOCK, &unblock, &before);  // the process stops here
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::sigaction(signal, &ours, nullptr);
    errno = saved_errno;
}

void on_continue(int) {
    const int saved_errno = errno;
    shared.is_raw.store(false);  // after SIGSTOP, the shell has set its own mode
    ::eventfd_write(shared.wake_fd, 1);
    errno = saved_errno;
}

void on_window(int) {
    const int saved_errno = errno;
    ::eventfd_write(shared.wake_fd, 1);
    errno = saved_errno;
}

/// Takes a signal over unless it is ignored. A handler that was there before (a sanitizer's, say)
/// gets the signal after us.
bool take(int signal, void (*handler)(int), struct sigaction& before, int flags) {
    if (::sigaction(signal, nullptr, &before) != 0 || before.sa_handler == SIG_IGN) {
        return false;
    }
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigemptyset(&action.sa_mask);
    return ::sigaction(signal, &action, nullptr) == 0;
}

/// Gives a signal back, unless somebody has taken it from us meanwhile.
void give_back(int signal, void (*handler)(int), const struct sigaction& before) {
    struct sigaction now {};
    if (::sigaction(signal, nullptr, &now) == 0 && now.sa_handler == handler) {
        ::sigaction(signal, &before, nullptr);
    }
}

}  // namespace

void install(int fd, const termios& mode, int wake_fd) {
    shared.fd = fd;
    shared.wake_fd = wake_fd;
    shared.original = mode;
    shared.raw = mode;
    ::cfmakeraw(&shared.raw);
    for (std::size_t i = 0; i < kFatal.size(); ++i) {
        shared.fatal_taken[i] = take(kFatal[i], on_fatal, shared.fatal_before[i], SA_ONSTACK);
    }
    shared.stop_taken = take(SIGTSTP, on_stop, shared.stop_before, SA_RESTART);
    shared.continue_taken = take(SIGCONT, on_continue, shared.continue_before, SA_RESTART);
    shared.window_taken = take(SIGWINCH, on_window, shared.window_before, SA_RESTART);
}

void uninstall() {
    for (std::size_t i = 0; i < kFatal.size(); ++i) {
        if (shared.fatal_taken[i]) {
            give_back(kFatal[i], on_fatal, shared.fatal_before[i]);
        }
    }
    if (shared.stop_taken) {
        give_back(SIGTSTP, on_stop, shared.stop_before);
    }
    if (shared.continue_taken) {
        give_back(SIGCONT, on_continue, shared.continue_before);
    }
    if (shared.window_taken) {
        give_back(SIGWINCH, on_window, shared.window_before);
    }
}

bool is_raw() {
    return shared.is_raw.load();
}

bool in_foreground(int fd) {
    const pid_t foreground = ::tcgetpgrp(fd);
    return foreground < 0 || foreground == ::getpgrp();  // < 0: not our session's terminal
}

bool enter_raw() {
    if (shared.is_raw.exchange(true)) {
        return true;
    }
    set_mode(shared.raw);
    termios now{};
    return ::tcgetattr(shared.fd, &now) == 0 && (now.c_lflag & ICANON) == 0;
}

void restore() {
    if (shared.is_raw.exchange(false) && in_foreground(shared.fd)) {
        set_mode(shared.original);
    }
}

}  // namespace skiff::devices::terminal_signals
