// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace skiff::devices {

/// A PS/2 keyboard as far as drivers and firmware look: it answers every command at once, and has
/// three keys, Ctrl, Alt and Del. (IBM PS/2 Hardware Interface Technical Reference, "101- and
/// 102-Key Keyboard".) Not thread-safe: the controller that owns it locks.
class Ps2Keyboard {
  public:
    /// A byte from the host: a command, or the argument of the one before.
    void receive(std::uint8_t byte);

    /// The next byte for the host, if any, in the keyboard's own scan code set.
    std::optional<std::uint8_t> take();

    bool has_output() const { return count_ != 0; }

    /// Presses Ctrl-Alt-Del and lets go. False, and nothing is sent, where the host has stopped the
    /// keyboard from scanning or leaves its bytes unread.
    bool press_ctrl_alt_del();

  private:
    // "The keyboard has a 16-byte FIFO buffer" of key codes; answers to commands come beside it.
    static constexpr std::size_t kCapacity = 16 + 8;

    void answer(std::uint8_t byte);
    void receive_argument(std::uint8_t command, std::uint8_t argument);
    void restore_defaults();
    bool push_keys(std::span<const std::uint8_t> codes);

    std::array<std::uint8_t, kCapacity> output_{};
    std::size_t first_ = 0;
    std::size_t count_ = 0;
    std::optional<std::uint8_t> awaiting_argument_of_;
    std::uint8_t scan_code_set_ = 2;
    bool scanning_ = true;
    std::uint8_t last_sent_ = 0;
};

}  // namespace skiff::devices
