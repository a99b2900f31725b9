// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/control_queue.h"

#include <array>
#include <optional>
#include <utility>
#include <vector>

namespace skiff::virtio::net {
namespace {

/// All of the data that is left, where it is exactly a T.
template <typename T>
std::optional<T> only(DescriptorChain& chain) {
    return chain.readable_bytes() == sizeof(T) ? chain.read<T>() : std::nullopt;
}

bool is_multicast(const MacAddress& mac) {
    return (mac.front() & 1) != 0;
}

/// One of the two tables of MAC_TABLE_SET: every address is read and checked.
std::optional<std::vector<MacAddress>> read_mac_table(DescriptorChain& chain, bool multicast,
                                                      std::uint32_t max_entries) {
    const auto entries = chain.read<std::uint32_t>();
    if (!entries.has_value() || *entries > max_entries) {
        return std::nullopt;
    }
    std::vector<MacAddress> table;
    for (std::uint32_t i = 0; i < *entries; ++i) {
        const auto mac = chain.read<MacAddress>();
        if (!mac.has_value() || is_multicast(*mac) != multicast) {
            return std::nullopt;
        }
        table.push_back(*mac);
    }
    return table;
}

}  // namespace

Progress ControlQueue::process() {
    for (unsigned left = context_.queue.size(); left != 0; --left) {
        auto chain = context_.queue.pop();
        if (!chain.has_value()) {
            break;
        }
        const auto ack = chain->writable_byte(0);
        if (!ack.has_value()) {
            context_.queue.refuse(std::move(*chain));
            break;
        }
        const std::array answer = {run(*chain) ? VIRTIO_NET_OK : VIRTIO_NET_ERR};
        static_cast<void>(chain->write(answer));
        context_.queue.complete(std::move(*chain), answer.size());
    }
    return Progress::kDrained;
}

bool ControlQueue::run(DescriptorChain& chain) {
    const auto head = chain.read<std::array<std::uint8_t, 2>>();
    if (!head.has_value()) {
        return false;
    }
    const auto [command_class, command] = *head;
    switch (command_class) {
        case VIRTIO_NET_CTRL_RX:
            return has(VIRTIO_NET_F_CTRL_RX) && set_receive_mode(command, chain);
        case VIRTIO_NET_CTRL_MAC:
            return set_mac(command, chain);
        case VIRTIO_NET_CTRL_VLAN:
            return has(VIRTIO_NET_F_CTRL_VLAN) && set_vlan(command, chain);
        case VIRTIO_NET_CTRL_ANNOUNCE:
            if (!has(VIRTIO_NET_F_GUEST_ANNOUNCE) || command != VIRTIO_NET_CTRL_ANNOUNCE_ACK) {
                return false;
            }
            device_.acknowledge_announcement();
            return true;
        case VIRTIO_NET_CTRL_MQ:
            return has(VIRTIO_NET_F_MQ) && command == VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET &&
                   set_queue_pairs(chain);
        case VIRTIO_NET_CTRL_GUEST_OFFLOADS:
            return has(VIRTIO_NET_F_CTRL_GUEST_OFFLOADS) &&
                   command == VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET && set_guest_offloads(chain);
        default:
            return false;
    }
}

bool ControlQueue::set_receive_mode(std::uint8_t command, DescriptorChain& chain) {
    const auto on = only<std::uint8_t>(chain);
    if (!on.has_value() || *on > 1) {
        return false;
    }
    switch (command) {
        case VIRTIO_NET_CTRL_RX_PROMISC:
            device_.change_filter([&](RxFilter& filter) { filter.set_promiscuous(*on != 0); });
            return true;
        case VIRTIO_NET_CTRL_RX_ALLMULTI:
            device_.change_filter([&](RxFilter& filter) { filter.set_all_multicast(*on != 0); });
            return true;
        default:
            return false;
    }
}

bool ControlQueue::set_mac_table(DescriptorChain& chain) {
    auto unicast = read_mac_table(chain, false, kMaxTableEntries);
    auto multicast =
        unicast.has_value() ? read_mac_table(chain, true, kMaxTableEntries) : std::nullopt;
    if (!multicast.has_value() || chain.readable_bytes() != 0) {
        return false;
    }
    device_.change_filter(
        [&](RxFilter& filter) { filter.set_table(std::move(*unicast), std::move(*multicast)); });
    return true;
}

bool ControlQueue::set_mac(std::uint8_t command, DescriptorChain& chain) {
    if (command == VIRTIO_NET_CTRL_MAC_TABLE_SET) {
        return has(VIRTIO_NET_F_CTRL_RX) && set_mac_table(chain);
    }
    const auto mac = only<MacAddress>(chain);
    if (command != VIRTIO_NET_CTRL_MAC_ADDR_SET || !has(VIRTIO_NET_F_CTRL_MAC_ADDR) ||
        !mac.has_value() || is_multicast(*mac)) {
        return false;
    }
    device_.set_mac(*mac);
    return true;
}

bool ControlQueue::set_vlan(std::uint8_t command, DescriptorChain& chain) {
    const auto id = only<std::uint16_t>(chain);
    if (!id.has_value() || *id >= RxFilter::kVlanIds ||
        (command != VIRTIO_NET_CTRL_VLAN_ADD && command != VIRTIO_NET_CTRL_VLAN_DEL)) {
        return false;
    }
    const bool wanted = command == VIRTIO_NET_CTRL_VLAN_ADD;
    device_.change_filter([&](RxFilter& filter) { filter.set_vlan(*id, wanted); });
    return true;
}

bool ControlQueue::set_queue_pairs(DescriptorChain& chain) {
    const auto pairs = only<std::uint16_t>(chain);
    return pairs.has_value() && *pairs >= 1 && *pairs <= device_.queue_pairs() &&
           device_.set_active_pairs(*pairs);
}

bool ControlQueue::set_guest_offloads(DescriptorChain& chain) {
    const auto offloads = only<std::uint64_t>(chain);
    if (!offloads.has_value() || (*offloads & ~(context_.features & kGuestOffloads)) != 0) {
        return false;
    }
    device_.backend().set_guest_offloads(*offloads);
    return true;
}

}  // namespace skiff::virtio::net
