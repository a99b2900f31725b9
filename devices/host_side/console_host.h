// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "devices/console_menu/terminal_menu.h"
#include "devices/host_side/console_input.h"
#include "devices/host_side/console_options.h"
#include "devices/host_side/host_side.h"
#include "devices/host_side/output_buffer.h"
#include "devices/host_side/terminal.h"

namespace skiff::devices {

/// The host's side of the guest's console: the buffer of its output, its other end and, where that
/// is the user's terminal, the terminal's mode and the menu on Ctrl-]. Whatever prints in the guest
/// (a UART, a virtio console, both) writes to output(); one of them takes the input.
///
/// Life: create(), the callbacks, start(), the loop runs; at the end release() (vCPU threads leave
/// the console and can be joined), the loop ends, finish().
class ConsoleHost final : private HostSideEvents {
  public:
    /// A terminal is read on while the guest does not read, so that the escape key is found behind
    /// what was pasted before it; but not beyond this.
    static constexpr std::size_t kTypeAheadBytes = 1024 * 1024;
    /// What waits of type().
    static constexpr std::size_t kTypedBytes = 4096;

    /// Output that did not reach anybody.
    struct Finished {
        std::uint64_t lost_bytes = 0;    ///< Its reader was there, but too slow, or it left.
        std::uint64_t unread_bytes = 0;  ///< Nobody was there to read it (pty, unix).
    };

    /// `loop` must outlive it. SIGPIPE is ignored from here on.
    static Result<std::unique_ptr<ConsoleHost>> create(EventLoop& loop,
                                                       const ConsoleOptions& options);
    ~ConsoleHost() override;

    /// Where the guest's output goes.
    OutputBuffer& output() { return output_; }
    /// OutputBuffer::ready() became true again; called from any thread. Before start().
    void on_output_ready(std::function<void()> callback) { on_output_ready_ = std::move(callback); }

    /// Who takes the input; outlives it, or the loop's last round. Before start().
    void set_input(ConsoleInput& input) { input_ = &input; }
    /// Who takes the input has room again. Any thread.
    void input_wanted();

    /// Whether there is a terminal, or can be, that has a window.
    bool has_window() const {
        return terminal_ || options_.kind == ConsoleOptions::Kind::kPty || options_.is_shared;
    }
    std::optional<WindowSize> window() const { return window_; }
    /// Somebody else's keys, and his window, which counts until that of a terminal changes. On the
    /// loop's thread. type() takes the first bytes, as many as typing_room() says.
    std::size_t typing_room() const;
    std::size_t type(std::span<const std::uint8_t> keys);
    void set_window(WindowSize window);
    /// typing_room() is more than it was. Before the loop runs, or on its thread.
    void on_typing_room(std::function<void()> callback) { on_typing_room_ = std::move(callback); }

    /// Its window has changed, or is there now; on the loop's thread. Before start().
    void on_window_changed(std::function<void()> callback) {
        on_window_changed_ = std::move(callback);
    }

    /// After release(), with the loop ended: hands on what waits, and waits until there is room for
    /// more, at most until the deadline. False where it is over, or nobody is there to read.
    bool deliver_until(std::chrono::steady_clock::time_point deadline);

    /// Sees all output; before start().
    void set_observer(OutputObserver observer) { output_.set_observer(std::move(observer)); }

    // Callbacks: set before start(), called on the loop's thread.
    /// No more input comes.
    void on_input_closed(std::function<void(InputEnd)> callback) {
        on_input_closed_ = std::move(callback);
    }
    /// Output has nowhere to go any more, for this reason; it is dropped and counted from now on.
    void on_output_closed(std::function<void(OutputEnd end, const std::string& reason)> callback) {
        on_output_closed_ = std::move(callback);
    }

    /// Where the other end is found: the pseudo-terminal's path, the socket's; empty for others.
    std::string where() const { return host_ ? host_->where() : std::string(); }

    /// Begins to read input, puts the terminal into raw mode, and tells the user how to leave it or
    /// where the other end is. Before the loop runs, or on its thread.
    void start();

    /// Lets vCPUs that are held in the console go, now and from now on. Any thread.
    void release();

    /// After the vCPUs stopped and the loop ended: delivers what waits, with a bound on the time,
    /// gives the terminal back. Once.
    Finished finish();

  private:
    ConsoleHost(EventLoop& loop, const ConsoleOptions& options);
    Result<void> open_host_side();
    Result<void> watch_wake_ups();

    // HostSideEvents
    std::size_t input_room() override;
    void input(std::span<const std::uint8_t> bytes) override;
    void input_ended(InputEnd end) override;
    bool drain_output() override { return output_.drain(); }
    void attached(bool is_attached) override;
    void output_ended(OutputEnd end, const std::string& reason) override;
    void wake() override;
    void on_wake();
    void open_menu();
    void feed_typed_ahead();
    void drain_and_watch();
    void look_at_window();
    void announce() const;

    /// HostOutput for the buffer, before which the host side does not exist yet.
    struct Outlet final : HostOutput {
        std::size_t write(std::span<const std::uint8_t> bytes) override {
            return host == nullptr ? bytes.size() : host->write(bytes);
        }
        HostSide* host = nullptr;
    };

    EventLoop& loop_;
    const ConsoleOptions options_;
    std::function<void()> on_output_ready_;
    std::function<void()> on_window_changed_;
    std::function<void()> on_typing_room_;
    std::function<void(InputEnd)> on_input_closed_;
    std::function<void(OutputEnd, const std::string&)> on_output_closed_;

    UniqueFd wake_fd_;
    EventLoop::Id wake_id_ = 0;
    std::atomic<bool> output_waits_{false};
    std::atomic<bool> input_wanted_{false};

    Outlet outlet_;
    OutputBuffer output_;
    ConsoleInput* input_ = nullptr;
    std::unique_ptr<Terminal> terminal_;
    std::unique_ptr<HostSide> host_;
    std::optional<WindowSize> window_;     // of the guest's console
    std::optional<WindowSize> seen_size_;  // of the terminal
    bool has_reader_ = true;
    std::unique_ptr<TerminalMenu> menu_;
    std::string typed_ahead_;  // on the terminal, or by type(); the guest has no room for it yet
};

}  // namespace skiff::devices
