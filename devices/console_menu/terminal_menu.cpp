// SPDX-License-Identifier: Apache-2.0
#include "devices/console_menu/terminal_menu.h"

#include <sys/epoll.h>

#include <algorithm>
#include <utility>

namespace skiff::devices {
namespace {

// For a terminal that is stuck while its user types on: far more than all the menu's texts.
constexpr std::size_t kMostWaitingBytes = 64 * 1024;

}  // namespace

TerminalMenu::TerminalMenu(EventLoop& loop, int terminal_fd, MenuActions& actions, Owner owner)
    : loop_(loop),
      terminal_(HostDescriptor::share(terminal_fd, HostDescriptor::Direction::kWrite)),
      menu_(actions),
      owner_(std::move(owner)) {}

TerminalMenu::~TerminalMenu() {
    unwatch();
}

void TerminalMenu::input(std::span<const std::uint8_t> keys) {
    while (!keys.empty() && state_ != State::kQuit) {
        if (state_ == State::kPrompt) {
            const EscapeMenu::Outcome outcome = menu_.keys(keys);
            keys = keys.subspan(outcome.used);
            if (outcome.has_quit) {
                state_ = State::kQuit;
            }
            if (outcome.sends_key) {
                owner_.to_guest({&EscapeMenu::kEscapeKey, 1});
            }
            show(outcome.text);
            if (outcome.is_over) {
                close();
            }
            continue;
        }
        const auto escape = std::find(keys.begin(), keys.end(), EscapeMenu::kEscapeKey);
        const auto before = static_cast<std::size_t>(escape - keys.begin());
        if (before != 0) {
            owner_.to_guest(keys.first(before));
        }
        keys = keys.subspan(before);
        if (!keys.empty()) {
            keys = keys.subspan(1);
            open();
        }
    }
}

void TerminalMenu::open() {
    if (std::exchange(state_, State::kPrompt) == State::kClosed) {
        owner_.on_open(true);
    }
    show(menu_.open());
}

void TerminalMenu::close() {
    state_ = State::kClosing;
    write_waiting();
}

/// Raw mode: lines end in CR LF.
void TerminalMenu::show(const std::string& text) {
    if (waiting_.size() > kMostWaitingBytes) {
        return;
    }
    for (const char c : text) {
        if (c == '\n') {
            waiting_ += '\r';
        }
        waiting_ += c;
    }
    write_waiting();
}

void TerminalMenu::write_waiting() {
    using Status = HostDescriptor::Status;
    while (!waiting_.empty()) {
        const auto sent = terminal_.write(
            {reinterpret_cast<const std::uint8_t*>(waiting_.data()), waiting_.size()});
        if (sent.status == Status::kBusy && watch()) {
            return;
        }
        // That a terminal takes nothing more is noticed where the guest's output and input are.
        waiting_.erase(0, sent.status == Status::kDone ? sent.bytes : waiting_.size());
    }
    unwatch();
    if (state_ == State::kClosing) {
        state_ = State::kClosed;
        owner_.on_open(false);
    }
}

/// Whether room in the terminal is waited for.
bool TerminalMenu::watch() {
    if (watch_ == 0) {
        const auto id =
            loop_.add(terminal_.fd(), EPOLLOUT, [this](std::uint32_t) { write_waiting(); });
        watch_ = id.ok() ? *id : 0;
    }
    return watch_ != 0;
}

void TerminalMenu::unwatch() {
    if (watch_ != 0) {
        loop_.remove(std::exchange(watch_, 0));
    }
}

}  // namespace skiff::devices
