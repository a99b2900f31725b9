// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bitset>
#include <cstdint>
#include <span>
#include <vector>

#include "virtio/net/net_registers.h"

namespace skiff::virtio::net {

/// Which frames a driver wants (VIRTIO 1.2, 5.1.6.5.1 to 5.1.6.5.3): what its commands said.
///
/// Everything, as long as promiscuous mode is on, and it is on until a driver that has
/// CTRL_RX turns it off: one that knows no filters must not be cut off. Broadcasts always.
class RxFilter {
  public:
    static constexpr std::uint16_t kVlanIds = 4096;
    /// How much of a frame's begin decides: both addresses, and a VLAN tag.
    static constexpr std::size_t kLookedAt = 16;

    /// For a driver with these features.
    explicit RxFilter(const MacAddress& mac, std::uint64_t features = 0);

    void set_promiscuous(bool on) { promiscuous_ = on; }
    void set_all_multicast(bool on) { all_multicast_ = on; }
    void set_mac(const MacAddress& mac) { mac_ = mac; }
    /// Both tables of MAC_TABLE_SET.
    void set_table(std::vector<MacAddress> unicast, std::vector<MacAddress> multicast);
    /// `id` below kVlanIds.
    void set_vlan(std::uint16_t id, bool wanted) { vlans_.set(id, wanted); }

    /// Whether there is no need to look at frames.
    bool takes_all() const { return promiscuous_; }
    /// `begin`: kLookedAt bytes, or the whole of a shorter frame.
    bool takes(std::span<const std::uint8_t> begin) const;

  private:
    bool takes_address(const MacAddress& to) const;

    bool promiscuous_ = true;
    bool all_multicast_ = false;
    bool filters_vlans_;
    MacAddress mac_;
    std::vector<MacAddress> table_;  // sorted; unicast and multicast addresses differ
    std::bitset<kVlanIds> vlans_;
};

}  // namespace skiff::virtio::net
