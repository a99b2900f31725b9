// SPDX-License-Identifier: Apache-2.0
#include "virtio/net/rx_filter.h"

#include <catch2/catch.hpp>

#include "net_fixture.h"

namespace skiff::virtio::net {
namespace {

using test::Bytes;
using test::NetFixture;

constexpr MacAddress kOwn = NetFixture::kMac;
constexpr MacAddress kOther = {2, 0, 0, 0, 0, 0x77};
constexpr MacAddress kBroadcast = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
constexpr MacAddress kGroup = {1, 0, 0x5e, 0, 0, 1};

Bytes frame_to(const MacAddress& to, std::optional<std::uint16_t> tag = std::nullopt) {
    Bytes bytes(to.begin(), to.end());
    bytes.insert(bytes.end(), {2, 0, 0, 9, 9, 9});
    if (tag.has_value()) {
        bytes.insert(bytes.end(), {0x81, 0, static_cast<std::uint8_t>(*tag >> 8),
                                   static_cast<std::uint8_t>(*tag)});
    }
    bytes.insert(bytes.end(), {8, 0});
    bytes.resize(60, 0x55);
    return bytes;
}

bool takes(const RxFilter& filter, const Bytes& frame) {
    return filter.takes(std::span(frame).first(RxFilter::kLookedAt));
}

TEST_CASE("A driver that says nothing gets everything") {
    const RxFilter filter(kOwn, VIRTIO_NET_F_CTRL_RX | VIRTIO_NET_F_CTRL_VLAN);
    CHECK(filter.takes_all());
    CHECK(takes(filter, frame_to(kOther, std::uint16_t{5})));
}

TEST_CASE("A driver that is not promiscuous gets what is for it, and broadcasts") {
    RxFilter filter(kOwn);
    filter.set_promiscuous(false);
    CHECK_FALSE(filter.takes_all());
    CHECK(takes(filter, frame_to(kOwn)));
    CHECK(takes(filter, frame_to(kBroadcast)));
    CHECK_FALSE(takes(filter, frame_to(kOther)));
    CHECK_FALSE(takes(filter, frame_to(kGroup)));
    CHECK_FALSE(filter.takes(Bytes(13, 0xff)));
    filter.set_all_multicast(true);
    CHECK(takes(filter, frame_to(kGroup)));
    CHECK_FALSE(takes(filter, frame_to(kOther)));
    filter.set_all_multicast(false);
    filter.set_table({{2, 1, 1, 1, 1, 1}, kOther, {2, 0, 0, 0, 0, 1}}, {kGroup});
    CHECK(takes(filter, frame_to(kOther)));
    CHECK(takes(filter, frame_to(kGroup)));
    CHECK_FALSE(takes(filter, frame_to({2, 1, 1, 1, 1, 2})));
    filter.set_table({}, {});
    CHECK_FALSE(takes(filter, frame_to(kOther)));
    filter.set_mac(kOther);
    CHECK(takes(filter, frame_to(kOther)));
    CHECK_FALSE(takes(filter, frame_to(kOwn)));
    filter.set_promiscuous(true);
    CHECK(takes(filter, frame_to(kOwn)));
}

TEST_CASE("VLANs are filtered for drivers that can say which they want") {
    RxFilter filter(kOwn, VIRTIO_NET_F_CTRL_VLAN);
    filter.set_promiscuous(false);
    CHECK(takes(filter, frame_to(kOwn)));
    CHECK_FALSE(takes(filter, frame_to(kOwn, std::uint16_t{5})));
    filter.set_vlan(5, true);
    CHECK(takes(filter, frame_to(kOwn, std::uint16_t{5})));
    CHECK(takes(filter, frame_to(kOwn, std::uint16_t{0xe005})));  // with a priority
    CHECK(takes(filter, frame_to(kOwn, std::uint16_t{0xe000})));  // a priority alone
    CHECK_FALSE(takes(filter, frame_to(kOwn, std::uint16_t{4095})));
    CHECK_FALSE(takes(filter, frame_to(kOther, std::uint16_t{5})));
    filter.set_vlan(5, false);
    CHECK_FALSE(takes(filter, frame_to(kOwn, std::uint16_t{5})));
    RxFilter without(kOwn);
    without.set_promiscuous(false);
    CHECK(takes(without, frame_to(kOwn, std::uint16_t{5})));
}

TEST_CASE("A driver's commands decide what its receive queue gets, until a reset") {
    const bool has_header = GENERATE(true, false);
    NetFixture net({}, {.has_header = has_header,
                        .offloads = has_header ? kGuestOffloads | kHostOffloads : 0});
    net.start();
    for (int i = 0; i < 8; ++i) {
        net.rx().chain().writable(14).writable(2000).submit();
        net.notify(0);
    }
    const auto arrives = [&net](const Bytes& frame) {
        const auto before = net.rx().used_idx();
        net.put(frame);
        return net.rx().used_idx() != before;
    };
    CHECK(arrives(frame_to(kOther)));
    REQUIRE(net.command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, {0}) == VIRTIO_NET_OK);
    CHECK_FALSE(arrives(frame_to(kOther)));
    CHECK_FALSE(arrives(frame_to(kGroup)));
    CHECK_FALSE(arrives(Bytes(1, 0xff)));
    CHECK(net.device().received(0).filtered.value() == 3);
    CHECK(net.device().received(0).dropped.value() == 0);
    CHECK(arrives(frame_to(kOwn)));
    CHECK(arrives(frame_to(kBroadcast)));
    REQUIRE(net.command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, {1}) == VIRTIO_NET_OK);
    CHECK(arrives(frame_to(kGroup)));
    REQUIRE(net.command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET,
                        {1, 0, 0, 0, 2, 0, 0, 0, 0, 0x77, 0, 0, 0, 0}) == VIRTIO_NET_OK);
    CHECK(arrives(frame_to(kOther)));
    REQUIRE(net.command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET,
                        {0, 0, 0, 0, 0, 0, 0, 0}) == VIRTIO_NET_OK);
    CHECK_FALSE(arrives(frame_to(kOther)));
    CHECK_FALSE(arrives(frame_to(kOwn, std::uint16_t{7})));
    REQUIRE(net.command(VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, {7, 0}) == VIRTIO_NET_OK);
    CHECK(arrives(frame_to(kOwn, std::uint16_t{7})));
    REQUIRE(net.command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET,
                        Bytes(kOther.begin(), kOther.end())) == VIRTIO_NET_OK);
    CHECK(arrives(frame_to(kOther)));
    CHECK_FALSE(arrives(frame_to(kOwn)));
    net.start();
    net.rx().chain().writable(2000).submit();
    net.notify(0);
    CHECK(arrives(frame_to(kGroup, std::uint16_t{9})));
}

TEST_CASE("A command that is refused changes no filter") {
    NetFixture net;
    net.start();
    net.rx().chain().writable(2000).submit();
    net.notify(0);
    REQUIRE(net.command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, {0}) == VIRTIO_NET_OK);
    // A good first table, and a second one with an address that is none of a group.
    CHECK(net.command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET,
                      {1, 0, 0, 0, 2, 0, 0, 0, 0, 0x77, 1, 0, 0, 0, 2, 0, 0, 0, 0, 1}) ==
          VIRTIO_NET_ERR);
    CHECK(net.command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, {2}) == VIRTIO_NET_ERR);
    net.put(frame_to(kOther));
    CHECK(net.rx().used_idx() == 0);
}

}  // namespace
}  // namespace skiff::virtio::net
