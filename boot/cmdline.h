// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "base/guest_address.h"
#include "base/guest_memory.h"
#include "base/result.h"

namespace skiff::boot {

/// COMMAND_LINE_SIZE of x86 minus the NUL: what holds where the kernel image does not say.
inline constexpr std::uint64_t kDefaultCmdlineLimit = 2047;

/// Whether the kernel can take this line: not longer than `limit` bytes (setup_header.cmdline_size,
/// without the terminating NUL) and without a NUL inside. Linux would silently cut it off.
Result<void> check_cmdline(const std::string& cmdline, std::uint64_t limit);

/// Writes the line and its NUL. The place has been claimed.
void write_cmdline(GuestMemory& memory, GuestAddress address, const std::string& cmdline);

}  // namespace skiff::boot
