// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "virtio/net/net_registers.h"
#include "virtio/net/user_net_options.h"

namespace skiff::virtio::net {

/// What the user says of one network device (`--net`).
struct NetOptions {
    static constexpr unsigned kMaxQueuePairs = 16;
    /// VIRTIO 1.2, 5.1.4.1: what a device SHOULD and MUST say at least and at most.
    static constexpr unsigned kMinMtu = 1280;
    static constexpr unsigned kMaxMtu = 65535;

    // One of these:
    /// A TAP interface; empty: none.
    std::string tap;
    /// A TAP that was opened by whoever started us.
    std::optional<int> fd;
    /// A network without root.
    std::optional<UserNetOptions> user;

    /// Without it: default_mac().
    std::optional<MacAddress> mac;
    std::optional<std::uint16_t> mtu;
    unsigned queue_pairs = 1;
    /// Limits over all queues together: to the guest, and from it.
    std::optional<std::uint64_t> bytes_per_second_in;
    std::optional<std::uint64_t> bytes_per_second_out;
};

/// "tap0", "fd 3", "user": the device's name in messages.
std::string describe(const NetOptions& options);

/// A locally administered unicast address that is the same in each run: made from the name of the
/// interface and the device's position among the machine's network devices.
MacAddress default_mac(const std::string& interface, std::size_t position);

}  // namespace skiff::virtio::net
