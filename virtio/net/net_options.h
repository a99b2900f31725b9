// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/rate_limiter.h"
#include "virtio/net/frame_service.h"
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
    /// Over all queues together: to the guest, and from it.
    RateLimits limits_in;
    RateLimits limits_out;

    /// Makes what the guest finds in this network besides what the backend has.
    FrameServiceMaker make_service;
    bool operator==(const NetOptions&) const = default;
};

/// "tap0", "fd 3", "user": the device's name in messages.
std::string describe(const NetOptions& options);

/// Six pairs of hexadecimal digits with colons between them; nothing for anything else.
std::optional<MacAddress> parse_mac(std::string_view text);

/// A locally administered unicast address that is the same in each run: made from the name of the
/// interface and the device's position among the machine's network devices.
MacAddress default_mac(const std::string& interface, std::size_t position);

}  // namespace skiff::virtio::net
