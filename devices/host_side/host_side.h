// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/event_loop.h"
#include "base/result.h"
#include "devices/host_side/host_output.h"
#include "devices/host_side/window_size.h"

namespace skiff::devices {

/// Why no more input comes.
enum class InputEnd {
    kEndOfFile,  ///< The file or pipe has ended; the run may well go on without input.
    kHangup,     ///< The terminal is gone.
};

/// Why output goes nowhere any more.
enum class OutputEnd {
    kReaderLeft,  ///< The pipe's or the terminal's other end is closed.
    kFailed,      ///< The host refuses it, as a full disk does.
};

/// What a host side tells whom it serves. All but wake() on the event loop's thread.
class HostSideEvents {
  public:
    virtual ~HostSideEvents() = default;

    /// How much input is taken now; where it is none, watch_input() is called when there is room.
    virtual std::size_t input_room() = 0;
    virtual void input(std::span<const std::uint8_t> bytes) = 0;
    virtual void input_ended(InputEnd end) = 0;

    /// The output may take bytes again. True where more wait, so that it is watched on.
    virtual bool drain_output() = 0;
    /// Whether somebody is there to read; false at the start of those that wait for a client.
    virtual void attached(bool is_attached) = 0;
    /// Output cannot be delivered any more, for this reason.
    virtual void output_ended(OutputEnd end, const std::string& reason) = 0;

    /// From any thread: calls HostSide::on_wake() on the loop's thread soon.
    virtual void wake() = 0;
};

/// The other end of a console or a port on the host: the standard streams, a file, a
/// pseudo-terminal, a socket.
///
/// write() comes from any thread, one call at a time; everything else from the event loop's, or
/// before it runs or after it ended.
class HostSide : public HostOutput {
  public:
    /// Output was refused and waits: watch for room, then call drain_output().
    virtual void watch_output() = 0;
    /// There is room for input (again, or at the start).
    virtual void watch_input() = 0;
    /// After HostSideEvents::wake().
    virtual void on_wake() = 0;
    /// At the end: waits until write() can take something or never will, at most `timeout_ms`.
    virtual bool wait_for_output(int timeout_ms) = 0;
    /// After that: waits until the reader has read what write() took, where closing would take it
    /// away from him, at most `timeout_ms`.
    virtual void linger(int timeout_ms) { (void)timeout_ms; }
    /// Bytes that write() took but could not deliver.
    virtual std::uint64_t lost_bytes() const = 0;
    /// A reader that left has sent what was not read yet.
    virtual bool input_is_left() const { return false; }
    /// Of the terminal at the other end, where there is one.
    virtual std::optional<WindowSize> window() const { return std::nullopt; }
    /// Path under which the other end is found; empty where there is none.
    virtual std::string where() const { return {}; }
};

}  // namespace skiff::devices
