// SPDX-License-Identifier: Apache-2.0
// What a network device offers, its configuration space, its control queue, and resets.
#include "virtio/net/net_device.h"

#include <catch2/catch.hpp>

#include "net_fixture.h"

namespace skiff::virtio::net {
namespace {

using test::Bytes;
using test::NetFixture;

Bytes mac_table(std::uint32_t unicast, std::uint32_t multicast) {
    Bytes data;
    const auto add = [&data](std::uint32_t count, std::uint8_t first) {
        for (unsigned shift = 0; shift < 32; shift += 8) {
            data.push_back(static_cast<std::uint8_t>(count >> shift));
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            data.insert(data.end(), {first, 0, 0, 0, 0, static_cast<std::uint8_t>(i)});
        }
    };
    add(unicast, 2);
    add(multicast, 3);
    return data;
}

Bytes little_endian(std::uint64_t value, std::size_t size) {
    Bytes data(size);
    for (std::size_t i = 0; i < size; ++i) {
        data[i] = static_cast<std::uint8_t>(value >> (8 * i));
    }
    return data;
}

TEST_CASE("The configuration space has MAC, link, queue pairs and MTU, and cannot be written") {
    NetOptions options;
    options.mtu = 9000;
    NetFixture net(options, {.pairs = 3});
    net.start();
    CHECK(net.config().mac == NetFixture::kMac);
    CHECK(net.config().status == VIRTIO_NET_S_LINK_UP);
    CHECK(net.config().max_virtqueue_pairs == 3);
    CHECK(net.config().mtu == 9000);
    for (std::uint32_t offset = 0; offset < sizeof(NetConfig); ++offset) {
        net.driver->try_write(0x100 + offset, 1, 0xff);
    }
    CHECK(net.config().mac == NetFixture::kMac);
    CHECK(net.config().status == VIRTIO_NET_S_LINK_UP);
}

TEST_CASE("What is offered is what the backend can do and the user asked for") {
    NetFixture plain({}, {.has_header = false, .offloads = 0});
    const std::uint64_t few = plain.device().offered_features();
    CHECK((few & (kGuestOffloads | kHostOffloads)) == 0);
    CHECK((few & (VIRTIO_NET_F_MQ | VIRTIO_NET_F_MTU | VIRTIO_NET_F_CTRL_GUEST_OFFLOADS)) == 0);
    CHECK((few & VIRTIO_NET_F_MRG_RXBUF) != 0);
    NetOptions options;
    options.mtu = 1500;
    NetFixture full(options, {.pairs = 2});
    const std::uint64_t all = full.device().offered_features();
    CHECK((all & kGuestOffloads) == kGuestOffloads);
    CHECK((all & kHostOffloads) == kHostOffloads);
    CHECK((all & VIRTIO_NET_F_MQ) != 0);
    CHECK((all & VIRTIO_NET_F_MTU) != 0);
    CHECK(full.device().accepts_features(all));
}

TEST_CASE("Features that need others are refused without them") {
    NetFixture net;
    struct Row {
        std::uint64_t alone;
        std::uint64_t with;
    };
    const auto row = GENERATE(values<Row>({
        {VIRTIO_NET_F_GUEST_TSO4, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_GUEST_TSO6, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_GUEST_UFO, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_GUEST_USO4, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_GUEST_USO6, VIRTIO_NET_F_GUEST_CSUM},
        {VIRTIO_NET_F_GUEST_ECN | VIRTIO_NET_F_GUEST_CSUM, VIRTIO_NET_F_GUEST_TSO6},
        {VIRTIO_NET_F_HOST_TSO4, VIRTIO_NET_F_CSUM},
        {VIRTIO_NET_F_HOST_TSO6, VIRTIO_NET_F_CSUM},
        {VIRTIO_NET_F_HOST_UFO, VIRTIO_NET_F_CSUM},
        {VIRTIO_NET_F_HOST_USO, VIRTIO_NET_F_CSUM},
        {VIRTIO_NET_F_HOST_ECN | VIRTIO_NET_F_CSUM, VIRTIO_NET_F_HOST_TSO4},
        {VIRTIO_NET_F_CTRL_RX, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_CTRL_VLAN, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_GUEST_ANNOUNCE, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_MQ, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_CTRL_MAC_ADDR, VIRTIO_NET_F_CTRL_VQ},
        {VIRTIO_NET_F_CTRL_GUEST_OFFLOADS, VIRTIO_NET_F_CTRL_VQ},
    }));
    CHECK_FALSE(net.device().accepts_features(row.alone));
    CHECK(net.device().accepts_features(row.alone | row.with));
}

TEST_CASE("The backend learns which offloads the driver can do, and old frames are thrown away") {
    NetFixture net;
    net.backend.put(net.with_header(Bytes(60)));
    net.start(~VIRTIO_NET_F_GUEST_TSO6);
    CHECK(net.backend.guest_offloads == (net.accepted & kGuestOffloads));
    CHECK(net.backend.discards == 1);
    net.rx().chain().writable(2000).submit();
    net.notify(0);
    CHECK(net.rx().used_idx() == 0);
}

TEST_CASE("Commands that a driver may give are answered with OK") {
    NetFixture net({}, {.pairs = 2});
    net.start();
    CHECK(net.command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, {1}) == VIRTIO_NET_OK);
    CHECK(net.command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_ALLMULTI, {0}) == VIRTIO_NET_OK);
    CHECK(net.command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, mac_table(0, 0)) ==
          VIRTIO_NET_OK);
    CHECK(net.command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET, mac_table(3, 100)) ==
          VIRTIO_NET_OK);
    CHECK(net.command(VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_ADD, {0xff, 0x0f}) ==
          VIRTIO_NET_OK);
    CHECK(net.command(VIRTIO_NET_CTRL_VLAN, VIRTIO_NET_CTRL_VLAN_DEL, {1, 0}) == VIRTIO_NET_OK);
    CHECK(net.command(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, {}) == VIRTIO_NET_OK);
}

TEST_CASE("The driver's own MAC shows in the configuration space, until a reset") {
    NetFixture net;
    net.start();
    const MacAddress mac = {2, 9, 8, 7, 6, 5};
    CHECK(net.command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET,
                      Bytes(mac.begin(), mac.end())) == VIRTIO_NET_OK);
    CHECK(net.config().mac == mac);
    net.start();
    CHECK(net.config().mac == NetFixture::kMac);
}

TEST_CASE("The driver switches its offloads, but only those that it negotiated") {
    NetFixture net;
    net.start(~VIRTIO_NET_F_GUEST_UFO);
    const auto set = [&net](std::uint64_t offloads) {
        return net.command(VIRTIO_NET_CTRL_GUEST_OFFLOADS, VIRTIO_NET_CTRL_GUEST_OFFLOADS_SET,
                           little_endian(offloads, 8));
    };
    CHECK(set(VIRTIO_NET_F_GUEST_CSUM) == VIRTIO_NET_OK);
    CHECK(net.backend.guest_offloads == VIRTIO_NET_F_GUEST_CSUM);
    CHECK(set(VIRTIO_NET_F_GUEST_CSUM | VIRTIO_NET_F_GUEST_UFO) == VIRTIO_NET_ERR);
    CHECK(set(VIRTIO_NET_F_CSUM) == VIRTIO_NET_ERR);
    CHECK(net.backend.guest_offloads == VIRTIO_NET_F_GUEST_CSUM);
    CHECK(set(0) == VIRTIO_NET_OK);
    CHECK(net.backend.guest_offloads == 0);
}

TEST_CASE("A driver that breaks the rules of commands is told so, or has to reset") {
    struct Row {
        const char* what;
        Bytes request;
        std::uint64_t without;  // features that are not negotiated
    };
    const auto mac_command = [](const Bytes& table) {
        Bytes request = {VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_TABLE_SET};
        request.insert(request.end(), table.begin(), table.end());
        return request;
    };
    Bytes short_table = mac_table(2, 1);
    short_table.pop_back();
    Bytes long_table = mac_table(1, 1);
    long_table.push_back(0);
    Bytes mixed_table = mac_table(1, 0);
    mixed_table[4] = 1;
    Bytes huge_table = mac_table(1, 0);
    huge_table[3] = 0xff;
    const std::vector<Row> rows = {
        {"no command", {}, 0},
        {"half a command", {0}, 0},
        {"unknown class", {0x77, 0}, 0},
        {"unknown receive mode", {0, 2, 1}, 0},
        {"receive mode without a value", {0, 0}, 0},
        {"receive mode that is neither on nor off", {0, 0, 2}, 0},
        {"receive mode with more after it", {0, 0, 1, 1}, 0},
        {"receive mode that was not negotiated", {0, 0, 1}, VIRTIO_NET_F_CTRL_RX},
        {"MAC table that ends early", mac_command(short_table), 0},
        {"MAC table with more after it", mac_command(long_table), 0},
        {"MAC table without the second one", mac_command({0, 0, 0, 0}), 0},
        {"multicast address among the others", mac_command(mixed_table), 0},
        {"MAC table of 4 billion entries", mac_command(huge_table), 0},
        {"MAC table that is too long", mac_command(mac_table(0, 1025)), 0},
        {"multicast MAC", {1, 1, 1, 0, 0, 0, 0, 1}, 0},
        {"MAC of five bytes", {1, 1, 2, 0, 0, 0, 0}, 0},
        {"MAC that was not negotiated", {1, 1, 2, 0, 0, 0, 0, 1}, VIRTIO_NET_F_CTRL_MAC_ADDR},
        {"unknown MAC command", {1, 2, 2, 0, 0, 0, 0, 1}, 0},
        {"VLAN above 4095", {2, 0, 0, 0x10}, 0},
        {"VLAN of one byte", {2, 0, 1}, 0},
        {"unknown VLAN command", {2, 2, 1, 0}, 0},
        {"VLAN that was not negotiated", {2, 0, 1, 0}, VIRTIO_NET_F_CTRL_VLAN},
        {"unknown announcement", {3, 1}, 0},
        {"announcement not negotiated", {3, 0}, VIRTIO_NET_F_GUEST_ANNOUNCE},
        {"no queue pairs", {4, 0, 0, 0}, 0},
        {"more queue pairs than there are", {4, 0, 3, 0}, 0},
        {"queue pairs in one byte", {4, 0, 1}, 0},
        {"RSS", {4, 1, 0, 0}, 0},
        {"queue pairs that were not negotiated", {4, 0, 1, 0}, VIRTIO_NET_F_MQ},
        {"offloads of four bytes", {5, 0, 0, 0, 0, 0}, 0},
        {"unknown offload command", {5, 1, 0, 0, 0, 0, 0, 0, 0, 0}, 0},
        {"offloads that were not negotiated",
         {5, 0, 0, 0, 0, 0, 0, 0, 0, 0},
         VIRTIO_NET_F_CTRL_GUEST_OFFLOADS},
    };
    NetFixture net({}, {.pairs = 2});
    for (const Row& row : rows) {
        INFO(row.what);
        net.start(~row.without);
        auto chain = net.queues.at(net.control)->chain();
        if (!row.request.empty()) {
            chain.readable(row.request);
        }
        const auto sent = chain.writable(1).submit();
        net.notify(net.control);
        REQUIRE(net.queues.at(net.control)->take_used().has_value());
        CHECK(net.queues.at(net.control)->written(sent).front() == VIRTIO_NET_ERR);
        CHECK(net.config().mac == NetFixture::kMac);
        CHECK(net.backend.active_pairs == 1);
        CHECK_FALSE(net.broken());
    }
}

TEST_CASE("Chains that cannot be made sense of break their queue until a reset") {
    NetFixture net;
    net.start();
    SECTION("a command without room for its answer") {
        net.queues.at(2)->chain().readable({0, 0, 1}).submit();
        net.notify(2);
    }
    SECTION("a frame to send that is no header") {
        net.tx().chain().readable(Bytes(11)).submit();
        net.notify(1);
    }
    SECTION("a frame to send that is only writable") {
        net.tx().chain().writable(100).submit();
        net.notify(1);
    }
    SECTION("a receive buffer that has no room for a header") {
        net.rx().chain().writable(11).submit();
        net.notify(0);
    }
    SECTION("a receive buffer that is only readable") {
        net.rx().chain().readable(Bytes(2000)).submit();
        net.notify(0);
        net.put(Bytes(60));
    }
    CHECK(net.broken());
    net.put(Bytes(60));
    net.start();
    CHECK_FALSE(net.broken());
    net.rx().chain().writable(2000).submit();
    net.notify(0);
    net.put(Bytes(60));
    CHECK(net.rx().used_idx() == 1);
}

TEST_CASE("Without multiqueue the control queue is the third, and other pairs get no frames") {
    NetFixture net({}, {.pairs = 2});
    net.start(~VIRTIO_NET_F_MQ);
    CHECK(net.control == 2);
    CHECK(net.command(0, 0, {1}) == VIRTIO_NET_OK);
    CHECK(net.backend.active_pairs == 1);
}

TEST_CASE("Queue pairs are used as many as the driver says, until a reset") {
    NetFixture net({}, {.pairs = 2});
    net.start();
    const auto set_pairs = [&net](std::uint8_t count) {
        return net.command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, {count, 0});
    };
    for (unsigned pair = 0; pair < 2; ++pair) {
        for (int i = 0; i < 4; ++i) {
            net.rx(pair).chain().writable(2000).submit();
        }
        net.notify(2 * pair);
    }
    net.put(Bytes(60), 1);
    CHECK(net.rx(1).used_idx() == 0);
    CHECK(set_pairs(2) == VIRTIO_NET_OK);
    net.loop.run_until_idle();
    CHECK(net.backend.active_pairs == 2);
    CHECK(net.rx(1).used_idx() == 1);
    net.put(Bytes(60), 1);
    net.put(Bytes(60), 0);
    CHECK(net.rx(1).used_idx() == 2);
    CHECK(net.rx(0).used_idx() == 1);
    CHECK(set_pairs(1) == VIRTIO_NET_OK);
    net.put(Bytes(60), 1);
    CHECK(net.rx(1).used_idx() == 2);
    CHECK(set_pairs(2) == VIRTIO_NET_OK);
    net.start();
    CHECK(net.backend.active_pairs == 1);
    CHECK_FALSE(net.broken());
}

TEST_CASE("A backend that goes takes the link down, once, and survives a reset as down") {
    NetFixture net;
    net.start();
    net.rx().chain().writable(2000).submit();
    net.notify(0);
    net.driver->take_interrupts();
    net.backend.gone = true;
    const bool by_sending = GENERATE(true, false);
    if (by_sending) {
        net.backend.send_error = EBADFD;
        net.tx().chain().readable(net.with_header(Bytes(60))).submit();
        net.notify(1);
        CHECK(net.tx().take_used().has_value());
    } else {
        net.put(Bytes(60));
    }
    CHECK(net.config().status == 0);
    CHECK((net.driver->take_interrupts() & 2U) != 0);
    CHECK_FALSE(net.broken());
    net.start();
    CHECK(net.config().status == 0);
}

TEST_CASE("A reset restores what the device was made with, whatever was in hand") {
    NetFixture net({}, {.pairs = 2});
    net.start();
    const auto config = net.driver->read_config(0, sizeof(NetConfig));
    const auto features = net.driver->offered_features();
    net.command(VIRTIO_NET_CTRL_MAC, VIRTIO_NET_CTRL_MAC_ADDR_SET, {2, 2, 2, 2, 2, 2});
    net.command(VIRTIO_NET_CTRL_MQ, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, {2, 0});
    for (int i = 0; i < 4; ++i) {
        net.rx().chain().writable(100).submit();
    }
    net.notify(0);
    net.put(Bytes(5000));  // waits for more buffers
    net.driver->write(0x070, 0);
    CHECK(net.driver->read_config(0, sizeof(NetConfig)) == config);
    CHECK(net.driver->offered_features() == features);
    CHECK(net.backend.active_pairs == 1);
    CHECK(net.backend.guest_offloads == 0);
    const auto used = net.rx().used_idx();
    net.put(Bytes(60));
    CHECK(net.rx().used_idx() == used);
    net.start();
    const auto chain = net.rx().chain().writable(2000).submit();
    net.notify(0);
    net.put(Bytes(60));
    CHECK(net.rx().take_used() == test::DriverQueue::Used{chain.head, 72});
}

TEST_CASE("The default MAC is locally administered, stable, and another for each device") {
    const MacAddress mac = default_mac("tap0", 0);
    CHECK(mac.front() == 2);
    CHECK(mac != default_mac("tap0", 1));
    CHECK(mac != default_mac("tap1", 0));
    CHECK(mac == MacAddress{0x02, 0xd5, 0x5c, 0x17, 0x70, 0x49});
}

}  // namespace
}  // namespace skiff::virtio::net
