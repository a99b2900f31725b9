// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <utility>

#include "base/event_loop.h"
#include "base/unique_fd.h"
#include "virtio/queue/descriptor_chain.h"
#include "virtio/vsock/byte_ring.h"
#include "virtio/vsock/host_socket.h"
#include "virtio/vsock/stream.h"

namespace skiff::virtio::vsock {

using Clock = std::chrono::steady_clock;

/// The two ports of a stream; the context ids are always the host's and the guest's.
struct Ports {
    std::uint32_t host = 0;
    std::uint32_t guest = 0;
    bool operator==(const Ports&) const = default;
    std::uint64_t key() const { return (std::uint64_t{host} << 32) | guest; }
};

/// The payload of one packet never has more bytes, nor more pieces.
inline constexpr std::uint32_t kMaxPayload = 64 * 1024;
inline constexpr std::size_t kMaxPieces = 256;

/// A stream with its socket on the host: payload goes straight between the socket and the guest's
/// buffers, and waits here only when the host's end does not take it. Belongs to the loop's thread.
class Connection {
  public:
    /// `loop` outlives the connection.
    Connection(EventLoop& loop, Ports ports, Stream::Origin origin, std::uint32_t buffer_bytes,
               UniqueFd fd)
        : ports_(ports),
          stream_(origin, buffer_bytes),
          socket_(loop, std::move(fd)),
          unsent_(buffer_bytes) {}

    const Ports& ports() const { return ports_; }
    Stream& stream() { return stream_; }
    HostSocket& socket() { return socket_; }

    /// The next `bytes` of the chain's readable part, which the stream has called data. False where
    /// the stream must be reset.
    [[nodiscard]] bool deliver(DescriptorChain& chain, std::uint32_t bytes);
    /// Hands over what waits; false as with deliver().
    [[nodiscard]] bool flush();
    bool has_unsent() const { return !unsent_.empty(); }
    /// After Reaction::kShutdown.
    void follow_guest_shutdown();
    /// What the loop says of the socket; false as with deliver().
    [[nodiscard]] bool host_changed(std::uint32_t events);

    enum class Received {
        kData,
        kNothing,  ///< Now: there may be something to do instead (control).
        kBroken,   ///< The stream must be reset.
    };
    /// Receives payload behind the first `header_bytes` of the chain's writable part; how much, to
    /// `bytes`.
    Received receive(const DescriptorChain& chain, std::size_t header_bytes, std::uint32_t& bytes);

    /// Whether there is a packet for the guest now, as far as one can know without a look.
    bool has_packet() const {
        return stream_.owes_control() || (may_read_ && stream_.sendable_bytes() != 0);
    }
    /// Where the guest has given no credit: what is to be done without it.
    void look_without_credit();

    /// What waits goes elsewhere; this connection ends.
    std::pair<UniqueFd, ByteRing> take_host_side() {
        return {socket_.release(), std::move(unsent_)};
    }

    // For the table and the exchange.
    bool queued = false;
    std::optional<Clock::time_point> deadline = std::nullopt;

  private:
    void end_of_input();
    void nobody_reads();

    Ports ports_;
    Stream stream_;
    HostSocket socket_;
    ByteRing unsent_;
    bool may_read_ = true;  // until the socket says that there is nothing
    bool hung_up_ = false;
};

}  // namespace skiff::virtio::vsock
