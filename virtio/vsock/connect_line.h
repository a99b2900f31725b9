// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace skiff::virtio::vsock {

/// The longest line that a client can begin with: "CONNECT 4294967295\n".
inline constexpr std::size_t kMaxConnectLine = 19;

/// What a client's first bytes are, of which more may come.
struct ConnectLine {
    enum class State {
        kIncomplete,
        kPort,
        kMalformed,
    };
    State state = State::kIncomplete;
    /// For kPort: of the guest.
    std::uint32_t port = 0;
    /// For kPort: the bytes of the line, its end included.
    std::size_t size = 0;
};

/// `text` has at most kMaxConnectLine bytes.
ConnectLine parse_connect_line(std::string_view text);

/// What a client is answered when the guest has accepted.
std::string ok_line(std::uint32_t host_port);

}  // namespace skiff::virtio::vsock
