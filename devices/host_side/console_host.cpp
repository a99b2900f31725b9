// SPDX-License-Identifier: Apache-2.0
#include "devices/host_side/console_host.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <utility>

#include "base/log.h"
#include "devices/host_side/host_file.h"
#include "devices/host_side/host_pty.h"
#include "devices/host_side/host_stdio.h"
#include "devices/host_side/host_unix.h"

namespace skiff::devices {
namespace {

// Who has opened the menu can use it, whatever he typed ahead before.
constexpr std::size_t kMenuBytes = 256;

int left_ms(std::chrono::steady_clock::time_point deadline) {
    const auto left = deadline - std::chrono::steady_clock::now();
    return std::max(
        0, static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(left).count()));
}

}  // namespace

ConsoleHost::ConsoleHost(EventLoop& loop, const ConsoleOptions& options)
    : loop_(loop), options_(options), output_(outlet_) {
    output_.set_callbacks(
        [this] {
            output_waits_.store(true, std::memory_order_release);
            wake();
        },
        [this] {
            if (on_output_ready_) {
                on_output_ready_();
            }
        });
}

Result<std::unique_ptr<ConsoleHost>> ConsoleHost::create(EventLoop& loop,
                                                         const ConsoleOptions& options) {
    std::unique_ptr<ConsoleHost> console(new ConsoleHost(loop, options));
    ::signal(SIGPIPE, SIG_IGN);  // write() says EPIPE instead
    SKIFF_RETURN_IF_ERROR(console->watch_wake_ups());
    SKIFF_RETURN_IF_ERROR(console->open_host_side());
    return console;
}

Result<void> ConsoleHost::watch_wake_ups() {
    wake_fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!wake_fd_.valid()) {
        return Error::host(errno, "cannot create an eventfd for the console");
    }
    SKIFF_ASSIGN_OR_RETURN(
        wake_id_, loop_.add(wake_fd_.get(), EPOLLIN, [this](std::uint32_t) { on_wake(); }));
    return {};
}

Result<void> ConsoleHost::open_host_side() {
    HostSideEvents& events = *this;
    switch (options_.kind) {
        case ConsoleOptions::Kind::kNone:
            return {};
        case ConsoleOptions::Kind::kStdio: {
            if (options_.owns_terminal) {
                terminal_ = Terminal::open(options_.input_fd, wake_fd_.get());
            }
            std::function<bool()> may_read;
            if (terminal_) {
                may_read = [this] { return terminal_->enter_raw(); };
                open_menu();
            }
            host_ = std::make_unique<HostStdio>(loop_, events, options_.input_fd,
                                                options_.output_fd, std::move(may_read));
            break;
        }
        case ConsoleOptions::Kind::kFile: {
            SKIFF_ASSIGN_OR_RETURN(host_, HostFile::open(loop_, events, options_.path,
                                                         "--serial file=" + options_.path));
            break;
        }
        case ConsoleOptions::Kind::kPty: {
            SKIFF_ASSIGN_OR_RETURN(host_, HostPty::open(loop_, events));
            attached(false);
            break;
        }
        case ConsoleOptions::Kind::kUnix: {
            SKIFF_ASSIGN_OR_RETURN(host_, HostUnix::listen(loop_, events, options_.path,
                                                           "--serial unix=" + options_.path));
            attached(false);
            break;
        }
    }
    outlet_.host = host_.get();
    return {};
}

void ConsoleHost::open_menu() {
    if (options_.menu == nullptr) {
        return;
    }
    const bool shares_screen = ::isatty(options_.output_fd) == 1;
    menu_ = std::make_unique<TerminalMenu>(
        loop_, options_.input_fd, *options_.menu,
        TerminalMenu::Owner{.to_guest =
                                [this](std::span<const std::uint8_t> keys) {
                                    typed_ahead_.append(keys.begin(), keys.end());
                                },
                            .on_open =
                                [this, shares_screen](bool is_open) {
                                    output_.set_held(is_open && shares_screen);
                                    if (!is_open) {
                                        drain_and_watch();
                                    }
                                }});
}

ConsoleHost::~ConsoleHost() {
    menu_.reset();
    host_.reset();
    if (wake_id_ != 0) {
        loop_.remove(wake_id_);
    }
}

void ConsoleHost::look_at_window() {
    const auto now = terminal_ ? terminal_->window() : host_ ? host_->window() : std::nullopt;
    if (now.has_value() && now != seen_size_) {
        seen_size_ = now;
        set_window(*now);
    }
}

void ConsoleHost::set_window(WindowSize window) {
    if (window_ != window) {
        window_ = window;
        if (on_window_changed_) {
            on_window_changed_();
        }
    }
}

std::size_t ConsoleHost::typing_room() const {
    return kTypedBytes - std::min(kTypedBytes, typed_ahead_.size());
}

std::size_t ConsoleHost::type(std::span<const std::uint8_t> keys) {
    const auto taken = keys.first(std::min(keys.size(), typing_room()));
    typed_ahead_.append(taken.begin(), taken.end());
    feed_typed_ahead();
    return taken.size();
}

void ConsoleHost::start() {
    look_at_window();
    announce();
    if (terminal_) {
        terminal_->enter_raw();
    }
    if (host_) {
        host_->watch_input();
    }
}

void ConsoleHost::announce() const {
    if (terminal_ && !options_.quiet) {
        log::info("this terminal is the guest's console{}",
                  menu_ ? "; Ctrl-] q quits, Ctrl-] shows what else there is" : "");
    }
    if (options_.kind == ConsoleOptions::Kind::kPty) {
        // Even when quiet: nobody could find it otherwise.
        log::write(log::Level::kError, "the guest's console is " + host_->where());
    } else if (host_ && !host_->where().empty() && !options_.quiet) {
        log::info("the guest's console is {}", host_->where());
    }
}

void ConsoleHost::wake() {
    ::eventfd_write(wake_fd_.get(), 1);
}

void ConsoleHost::input_wanted() {
    input_wanted_.store(true, std::memory_order_release);
    wake();
}

void ConsoleHost::on_wake() {
    eventfd_t count = 0;
    ::eventfd_read(wake_fd_.get(), &count);
    if (terminal_ && terminal_->needs_raw()) {
        terminal_->enter_raw();
    }
    look_at_window();
    const bool input_is_wanted = input_wanted_.exchange(false, std::memory_order_acquire);
    if (input_is_wanted) {
        feed_typed_ahead();
    }
    if (!host_) {
        return;
    }
    if (output_waits_.exchange(false, std::memory_order_acquire)) {
        drain_and_watch();
    }
    if (input_is_wanted) {
        host_->watch_input();
    }
    host_->on_wake();
}

void ConsoleHost::drain_and_watch() {
    if (output_.drain()) {
        host_->watch_output();
    }
}

void ConsoleHost::input(std::span<const std::uint8_t> bytes) {
    if (!terminal_) {
        look_at_window();  // a pseudo-terminal does not tell of a change
        input_->receive(bytes);
        return;
    }
    if (menu_) {
        menu_->input(bytes);
    } else {
        typed_ahead_.append(bytes.begin(), bytes.end());
    }
    feed_typed_ahead();
}

std::size_t ConsoleHost::input_room() {
    if (!terminal_) {
        return input_ == nullptr ? 0 : input_->input_room();
    }
    const std::size_t room = kTypeAheadBytes - std::min(kTypeAheadBytes, typed_ahead_.size());
    return menu_ && menu_->is_open() ? std::max(room, kMenuBytes) : room;
}

void ConsoleHost::feed_typed_ahead() {
    std::size_t fed = 0;
    // Asking for the room makes the guest's side say when there is some again.
    while (input_ != nullptr && fed < typed_ahead_.size() && input_->input_room() > 0) {
        const auto* const rest = reinterpret_cast<const std::uint8_t*>(typed_ahead_.data()) + fed;
        fed += input_->receive({rest, typed_ahead_.size() - fed});
    }
    typed_ahead_.erase(0, fed);
    if (fed != 0 && on_typing_room_) {
        on_typing_room_();
    }
}

void ConsoleHost::input_ended(InputEnd end) {
    if (on_input_closed_) {
        on_input_closed_(end);
    }
}

void ConsoleHost::attached(bool is_attached) {
    has_reader_ = is_attached;
    if (is_attached) {
        look_at_window();
    }
    output_.set_overflow(is_attached ? OutputBuffer::Overflow::kHoldGuest
                                     : OutputBuffer::Overflow::kDropOldest);
}

void ConsoleHost::output_ended(OutputEnd end, const std::string& reason) {
    if (on_output_closed_) {
        on_output_closed_(end, reason);
    } else {
        log::warning("serial port: {}; output is dropped from here on", reason);
    }
}

void ConsoleHost::release() {
    output_.release();
}

bool ConsoleHost::deliver_until(std::chrono::steady_clock::time_point deadline) {
    if (!host_ || !has_reader_) {
        return false;
    }
    output_.set_held(false);  // the menu was left open
    const std::size_t waiting = output_.waiting_bytes();
    if (!output_.drain()) {
        return true;
    }
    const int left = left_ms(deadline);
    if (left == 0) {
        return false;
    }
    host_->wait_for_output(left);
    host_->on_wake();  // where that was an error, the reader is gone
    if (output_.waiting_bytes() == waiting) {
        ::poll(nullptr, 0, 1);  // some terminals say that there is room where there is none
    }
    return true;
}

ConsoleHost::Finished ConsoleHost::finish() {
    const auto deadline = std::chrono::steady_clock::now() + options_.flush_timeout;
    output_.release();
    output_.set_on_room({});  // who offers has gone
    while (deliver_until(deadline) && output_.waiting_bytes() > 0) {
    }
    Finished finished;
    (has_reader_ ? finished.lost_bytes : finished.unread_bytes) = output_.waiting_bytes();
    if (host_) {
        host_->on_wake();  // an error that write() met just now
        host_->linger(left_ms(deadline));
        finished.lost_bytes += host_->lost_bytes();
    }
    finished.unread_bytes += output_.dropped_bytes();
    if (terminal_) {
        terminal_->restore();
    }
    return finished;
}

}  // namespace skiff::devices
