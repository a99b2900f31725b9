// SPDX-License-Identifier: Apache-2.0
#include "virtio/vsock/connection_table.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "base/check.h"

namespace skiff::virtio::vsock {

Connection* ConnectionTable::find(Ports ports) const {
    const auto found = connections_.find(ports.key());
    return found == connections_.end() ? nullptr : found->second.get();
}

Connection& ConnectionTable::insert(std::unique_ptr<Connection> connection) {
    const auto [entry, is_new] =
        connections_.emplace(connection->ports().key(), std::move(connection));
    SKIFF_CHECK(is_new);
    return *entry->second;
}

std::unique_ptr<Connection> ConnectionTable::erase(Connection& connection) {
    if (std::exchange(connection.queued, false)) {
        in_turn_.erase(std::find(in_turn_.begin(), in_turn_.end(), &connection));
    }
    auto node = connections_.extract(connection.ports().key());
    SKIFF_CHECK(!node.empty());
    return std::move(node.mapped());
}

void ConnectionTable::clear() {
    in_turn_.clear();
    resets_.clear();
    connections_.clear();
    next_host_port_ = kFirstHostPort;
}

Ports ConnectionTable::free_ports(std::uint32_t guest_port) {
    while (true) {  // the connections are fewer than the ports
        const Ports ports{.host = next_host_port_, .guest = guest_port};
        // The last one is VMADDR_PORT_ANY.
        next_host_port_ = next_host_port_ == std::numeric_limits<std::uint32_t>::max() - 1
                              ? kFirstHostPort
                              : next_host_port_ + 1;
        if (find(ports) == nullptr && !owes_reset({.ports = ports})) {
            return ports;
        }
    }
}

void ConnectionTable::note(Connection& connection) {
    connection.look_without_credit();
    if (connection.has_packet() && !std::exchange(connection.queued, true)) {
        in_turn_.push_back(&connection);
    }
}

Connection* ConnectionTable::take_next() {
    if (in_turn_.empty()) {
        return nullptr;
    }
    Connection* const next = in_turn_.front();
    in_turn_.pop_front();
    next->queued = false;
    return next;
}

void ConnectionTable::owe_reset(const OwedReset& reset) {
    if (!owes_reset(reset)) {
        resets_.push_back(reset);
    }
}

bool ConnectionTable::owes_reset(const OwedReset& reset) const {
    return std::find(resets_.begin(), resets_.end(), reset) != resets_.end();
}

void ConnectionTable::forget_reset(const OwedReset& reset) {
    resets_.erase(std::remove(resets_.begin(), resets_.end(), reset), resets_.end());
}

std::optional<OwedReset> ConnectionTable::take_reset() {
    if (resets_.empty()) {
        return std::nullopt;
    }
    const OwedReset reset = resets_.front();
    resets_.pop_front();
    return reset;
}

}  // namespace skiff::virtio::vsock
