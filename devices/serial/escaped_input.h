// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <span>

#include "devices/host_side/console_input.h"

namespace skiff::devices {

/// A serial line as a stream that has an end: what an init of ours reads as a command's standard
/// input (docs/run-command.md). The end is an escape and a letter, an escape in the data is two of
/// them; and no more is sent than the guest has given credit for, as a terminal driver drops what
/// it has no room for.
class EscapedInput final : public ConsoleInput {
  public:
    static constexpr std::uint8_t kEscape = 0x10;
    static constexpr std::uint8_t kEnd = 'E';
    /// What a guest's credit can add up to.
    static constexpr std::size_t kMaxCredit = 64 * 1024;

    /// `line` outlives it.
    explicit EscapedInput(ConsoleInput& line) : line_(line) {}

    // ConsoleInput; on the event loop's thread.
    std::size_t input_room() override;
    std::size_t receive(std::span<const std::uint8_t> bytes) override;
    /// No more comes: tells the guest, as soon as there is room.
    void end();

    /// The guest takes so many more bytes. Any thread.
    void add_credit(std::size_t bytes);
    /// The line has room again. Any thread.
    void line_has_room();

  private:
    std::size_t room();
    void send_end();

    ConsoleInput& line_;
    std::mutex mutex_;  // guards all below, and line_ for receive()
    std::size_t credit_ = 0;
    bool end_waits_ = false;
};

}  // namespace skiff::devices
