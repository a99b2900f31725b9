// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace skiff {

/// The SHA-1 of `text` (RFC 3174). Not for security, which it no longer gives: the handshake of
/// WebSockets wants it (RFC 6455, 1.3).
std::array<std::uint8_t, 20> sha1(std::string_view text);

}  // namespace skiff
