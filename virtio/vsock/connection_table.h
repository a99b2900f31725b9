// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>

#include "virtio/vsock/connection.h"
#include "virtio/vsock/vsock_options.h"

namespace skiff::virtio::vsock {

/// An RST for a stream that does not exist (any more): the addresses of the packet that it answers,
/// the other way round.
struct OwedReset {
    std::uint64_t host_cid = kHostCid;
    Ports ports;
    std::uint16_t type = static_cast<std::uint16_t>(SocketType::kStream);
    bool operator==(const OwedReset&) const = default;
};

/// All connections of a device by their ports, which of them have something for the guest, in turn,
/// and the resets that are owed to it.
class ConnectionTable {
  public:
    explicit ConnectionTable(const VsockLimits& limits) : limits_(limits) {}

    std::size_t size() const { return connections_.size(); }
    /// Null where there is none. Valid until erase().
    Connection* find(Ports ports) const;
    /// The ports are free.
    Connection& insert(std::unique_ptr<Connection> connection);
    /// Takes it out; its packets are forgotten.
    std::unique_ptr<Connection> erase(Connection& connection);
    /// Ends all, and owes nothing: the constructed state.
    void clear();

    /// How much a further connection may keep for the host's end.
    std::uint32_t buffer_bytes() const {
        return size() < limits_.large_streams ? limits_.large_buffer : limits_.small_buffer;
    }
    /// A port of the host for a connection to this port of the guest.
    Ports free_ports(std::uint32_t guest_port);

    /// Looks whether the connection has a packet for the guest, and has it wait for its turn then.
    void note(Connection& connection);
    /// The next in turn, which is not in turn any more; null where there is none.
    Connection* take_next();

    void owe_reset(const OwedReset& reset);
    bool owes_reset(const OwedReset& reset) const;
    /// The guest knows by itself.
    void forget_reset(const OwedReset& reset);
    std::optional<OwedReset> take_reset();
    /// Whether the guest must take some before it may cause more.
    bool owes_too_many_resets() const { return resets_.size() >= limits_.owed_resets; }

    bool has_packets() const { return !resets_.empty() || !in_turn_.empty(); }

    template <typename Visit>
    void for_each(Visit visit) const {
        for (const auto& [key, connection] : connections_) {
            visit(*connection);
        }
    }

  private:
    // As far from well-known ports as from VMADDR_PORT_ANY.
    static constexpr std::uint32_t kFirstHostPort = 1U << 30;

    VsockLimits limits_;
    std::unordered_map<std::uint64_t, std::unique_ptr<Connection>> connections_;  // by ports' key
    std::deque<Connection*> in_turn_;
    std::deque<OwedReset> resets_;
    std::uint32_t next_host_port_ = kFirstHostPort;
};

}  // namespace skiff::virtio::vsock
