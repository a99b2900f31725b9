// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace skiff::devices {

/// What takes a console's input on the guest's side: a UART, or a port of a virtio console.
/// Called on the event loop's thread.
class ConsoleInput {
  public:
    virtual ~ConsoleInput() = default;

    /// How many bytes receive() takes now. Where it is none, ConsoleHost::input_wanted() comes when
    /// there is room again.
    virtual std::size_t input_room() = 0;
    /// Takes what there is room for, and says how much.
    virtual std::size_t receive(std::span<const std::uint8_t> bytes) = 0;
};

}  // namespace skiff::devices
