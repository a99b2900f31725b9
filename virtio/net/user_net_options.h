// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace skiff::virtio::net {

/// A port of the host whose connections go to one of the guest.
struct PortForward {
    enum class Protocol { kTcp, kUdp };

    Protocol protocol = Protocol::kTcp;
    std::string host_address;  ///< Empty: all of them.
    std::uint16_t host_port = 0;
    std::uint16_t guest_port = 0;
    bool operator==(const PortForward&) const = default;
};

/// What the user says of a network without root (`--net user`).
struct UserNetOptions {
    std::vector<PortForward> forwards;
    /// Name servers that DHCP tells the guest; empty: the host's.
    std::vector<std::string> name_servers;
    /// The host's interface whose addresses and routes the guest gets; empty: that of the default
    /// route.
    std::string interface;
    /// What is run, and what comes before its own arguments.
    std::vector<std::string> command = {"passt"};
    bool operator==(const UserNetOptions&) const = default;
};

}  // namespace skiff::virtio::net
