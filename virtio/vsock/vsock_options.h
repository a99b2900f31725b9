// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/result.h"

namespace skiff::virtio::vsock {

/// What the user says of the socket device (`--vsock`).
struct VsockOptions {
    /// VIRTIO 1.2, 5.10.4: the context ids that a guest may have.
    static constexpr std::uint32_t kFirstCid = 3;
    static constexpr std::uint32_t kLastCid = 0xffff'fffe;

    std::uint32_t cid = kFirstCid;
    /// The Unix socket that we listen on. A guest's connection to port P goes to `path`_P.
    std::string path;
    bool operator==(const VsockOptions&) const = default;
};

/// What one device takes of the host, and how long it waits. All of it is documented in
/// docs/devices/virtio-vsock.md.
struct VsockLimits {
    /// Connections between guest and host, those included whose last bytes the host's end has not
    /// taken yet. With the descriptors of a machine below the usual limit of 1024.
    std::size_t streams = 512;
    /// Clients that have not said what they want.
    std::size_t handshakes = 64;
    /// Bytes from the guest that a stream keeps for a host's end that does not read: of the first
    /// `large_streams` streams, and of the others.
    std::uint32_t large_buffer = 256 * 1024;
    std::uint32_t small_buffer = 64 * 1024;
    std::size_t large_streams = 128;
    /// Resets owed to the guest for streams that do not exist.
    std::size_t owed_resets = 256;

    using Time = std::chrono::milliseconds;
    Time connect_line{5'000};   ///< From a client's connection to its "CONNECT" line.
    Time crowded_line{500};     ///< The same while there are `handshakes` of them.
    Time guest_answer{5'000};   ///< From that line to the guest's answer.
    Time guest_goodbye{8'000};  ///< From our last SHUTDOWN to the guest's RST.
    Time last_bytes{30'000};    ///< From the guest's end of a stream until the host's has read it.
};

/// Whether `path`, with any port behind it, can be the name of a Unix socket.
Result<void> check_socket_path(const std::string& path);

/// The name of the socket for the guest's connections to `port`.
std::string socket_path_of_port(const std::string& path, std::uint32_t port);

}  // namespace skiff::virtio::vsock
