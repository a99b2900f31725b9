// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "base/guest_address.h"
#include "base/guest_memory.h"

namespace skiff::machine {

/// Copies out of guest memory through a system call: a page that a truncated file does not back any
/// more is false there, where a load would raise SIGBUS.
[[nodiscard]] bool read_carefully(const GuestMemory& memory, GuestAddress address,
                                  std::span<std::uint8_t> to);

/// Likewise, into guest memory.
[[nodiscard]] bool write_carefully(const GuestMemory& memory, GuestAddress address,
                                   std::span<const std::uint8_t> from);

}  // namespace skiff::machine
