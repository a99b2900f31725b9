// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/rx_filter.h"

#include <algorithm>
#include <utility>

namespace skiff::virtio::net {
namespace {

constexpr MacAddress kBroadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr std::size_t kTypeOffset = 12;
constexpr std::uint16_t kVlanTag = 0x8100;  // IEEE 802.1Q

std::uint16_t big_endian(std::span<const std::uint8_t> bytes) {
    return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

}  // namespace

RxFilter::RxFilter(const MacAddress& mac, std::uint64_t features)
    : filters_vlans_((features & VIRTIO_NET_F_CTRL_VLAN) != 0), mac_(mac) {}

void RxFilter::set_table(std::vector<MacAddress> unicast, std::vector<MacAddress> multicast) {
    table_ = std::move(unicast);
    table_.insert(table_.end(), multicast.begin(), multicast.end());
    std::sort(table_.begin(), table_.end());
}

bool RxFilter::takes(std::span<const std::uint8_t> begin) const {
    if (promiscuous_) {
        return true;
    }
    if (begin.size() < kTypeOffset + 2) {
        return false;
    }
    MacAddress to{};
    std::copy_n(begin.begin(), to.size(), to.begin());
    if (!takes_address(to)) {
        return false;
    }
    if (!filters_vlans_ || big_endian(begin.subspan(kTypeOffset)) != kVlanTag ||
        begin.size() < kLookedAt) {
        return true;
    }
    const auto id =
        static_cast<std::uint16_t>(big_endian(begin.subspan(kTypeOffset + 2)) % kVlanIds);
    return id == 0 || vlans_.test(id);  // 0: a priority only, of no VLAN
}

bool RxFilter::takes_address(const MacAddress& to) const {
    const bool multicast = (to.front() & 1) != 0;
    return to == mac_ || to == kBroadcast || (multicast && all_multicast_) ||
           std::binary_search(table_.begin(), table_.end(), to);
}

}  // namespace skiff::virtio::net
