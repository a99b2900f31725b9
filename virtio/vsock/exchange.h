// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

#include "base/event_counter.h"
#include "base/event_loop.h"
#include "base/result.h"
#include "base/unix_listener.h"
#include "virtio/queue/descriptor_chain.h"
#include "virtio/vsock/connection_table.h"
#include "virtio/vsock/deadline_timer.h"
#include "virtio/vsock/farewells.h"
#include "virtio/vsock/handshakes.h"
#include "virtio/vsock/vsock_options.h"
#include "virtio/vsock/vsock_registers.h"

namespace skiff::virtio::vsock {

/// What a device has done since it was made.
struct VsockCounters {
    EventCounter streams_from_host;   ///< That the guest accepted.
    EventCounter streams_from_guest;  ///< For which there was a listener on the host.
    EventCounter refused;             ///< Connections that neither became.
    EventCounter resets;              ///< Streams that ended by our RST.
    EventCounter bytes_to_guest;
    EventCounter bytes_from_guest;
    EventCounter strange_packets;  ///< Packets that belong to no stream that there can be.
};

/// Between the guest's packets and the host's sockets: which packet goes to which stream, what the
/// host's sockets have for the guest, and which streams begin and end. Knows nothing of queues.
/// Belongs to the loop's thread.
class Exchange {
  public:
    /// `loop` outlives the exchange. `packets_came`: has_packets(), not within from_guest().
    Exchange(EventLoop& loop, const VsockOptions& options, const VsockLimits& limits,
             UnixListener listener, std::function<void()> packets_came);

    /// Takes the host's clients from now on.
    Result<void> start() { return handshakes_.start(); }

    /// A packet of the guest: all of it is the guest's. `chain` is behind the header.
    void from_guest(const PacketHeader& packet, DescriptorChain& chain);
    /// False while the guest must take packets before it may send more.
    bool takes_packets() const { return !table_.owes_too_many_resets(); }

    /// Whether there may be packets for the guest.
    bool has_packets() const { return table_.has_packets(); }
    /// Puts the next packet into the chain's writable part, which has room for a header and more.
    /// Its bytes; nothing where there is none after all.
    std::optional<std::uint32_t> to_guest(DescriptorChain& chain);

    /// Ends all streams, for a guest that knows of none any more.
    void end_all() { table_.clear(); }

    std::size_t streams() const { return table_.size(); }
    const VsockCounters& counters() const { return counters_; }

  private:
    bool is_full() const { return table_.size() + farewells_.size() >= limits_.streams; }
    void connect_to_guest(UniqueFd client, std::uint32_t guest_port);
    void accept_from_guest(const PacketHeader& packet, Ports ports);
    bool watch(Connection& connection);
    void host_changed(Ports ports, std::uint32_t events);
    void react(Connection& connection, const PacketHeader& packet, DescriptorChain& chain);
    bool answer_client(Connection& connection);
    void close(Connection& connection);
    void reset(Connection& connection);
    void expire(Clock::time_point now);
    void wait_at_most(Connection& connection, VsockLimits::Time time);
    PacketHeader header_for(Ports ports, Op op) const;

    EventLoop& loop_;
    const VsockOptions options_;
    const VsockLimits limits_;
    std::function<void()> packets_came_;
    VsockCounters counters_;
    DeadlineTimer timer_;
    ConnectionTable table_;
    Farewells farewells_;
    Handshakes handshakes_;
};

}  // namespace skiff::virtio::vsock
