// SPDX-License-Identifier: Apache-2.0
// What a network device does when its backend's link goes and comes back, and when the backend has
// no room.
#include <fcntl.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "net_fixture.h"

namespace skiff::virtio::net {
namespace {

using test::Bytes;
using test::NetFixture;

constexpr std::uint32_t kConfigurationChange = 2;

TEST_CASE("A link that goes and comes back is told, each time once") {
    NetFixture net;
    net.start();
    net.driver->take_interrupts();
    net.backend.link_changed(true);
    CHECK(net.driver->take_interrupts() == 0);
    net.backend.link_changed(false);
    CHECK(net.config().status == 0);
    CHECK((net.driver->take_interrupts() & kConfigurationChange) != 0);
    net.backend.link_changed(false);
    CHECK(net.driver->take_interrupts() == 0);
    net.backend.link_changed(true);
    CHECK(net.config().status == (VIRTIO_NET_S_LINK_UP | VIRTIO_NET_S_ANNOUNCE));
    CHECK((net.driver->take_interrupts() & kConfigurationChange) != 0);
    CHECK(net.command(VIRTIO_NET_CTRL_ANNOUNCE, VIRTIO_NET_CTRL_ANNOUNCE_ACK, {}) == VIRTIO_NET_OK);
    CHECK(net.config().status == VIRTIO_NET_S_LINK_UP);
}

TEST_CASE("A driver that does not announce itself is not asked to") {
    NetFixture net;
    net.start(~VIRTIO_NET_F_GUEST_ANNOUNCE);
    net.backend.link_changed(false);
    net.backend.link_changed(true);
    CHECK(net.config().status == VIRTIO_NET_S_LINK_UP);
}

TEST_CASE("A link that is down from the start, or during a reset, stays down until it comes") {
    NetFixture net({}, {.link_up = false});
    net.start();
    CHECK(net.config().status == 0);
    net.start();
    CHECK(net.config().status == 0);
    net.backend.link_changed(true);
    CHECK((net.config().status & VIRTIO_NET_S_LINK_UP) != 0);
    net.start();
    CHECK(net.config().status == VIRTIO_NET_S_LINK_UP);
}

TEST_CASE("An interface that was removed cannot come back") {
    NetFixture net;
    net.start();
    net.rx().chain().writable(2000).submit();
    net.notify(0);
    net.backend.gone = true;
    net.put(Bytes(60));
    net.backend.link_changed(true);
    CHECK(net.config().status == 0);
}

TEST_CASE("After the link came back frames come from what the descriptor stands for now") {
    NetFixture net;
    net.start();
    for (int i = 0; i < 4; ++i) {
        net.rx().chain().writable(2000).submit();
    }
    net.notify(0);
    net.put(Bytes(60, 1));
    CHECK(net.rx().used_idx() == 1);
    net.backend.link_changed(false);
    const int number = net.backend.own_ends.at(0);
    std::array<int, 2> ends{};
    REQUIRE(::socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) == 0);
    REQUIRE(::dup3(ends[0], number, O_CLOEXEC) == number);
    ::close(ends[0]);
    net.backend.other_ends.at(0).reset(ends[1]);
    net.put(Bytes(60, 2));
    CHECK(net.rx().used_idx() == 1);
    net.backend.link_changed(true);
    net.loop.run_until_idle();
    CHECK(net.rx().used_idx() == 2);
    net.put(Bytes(60, 3));
    CHECK(net.rx().used_idx() == 3);
}

TEST_CASE("Frames that no descriptor tells of are received without it") {
    NetFixture net;
    net.start();
    net.rx().chain().writable(2000).submit();
    // They are for somebody else, so that a few buffers are enough for more than a queue takes in a
    // row.
    REQUIRE(net.command(VIRTIO_NET_CTRL_RX, VIRTIO_NET_CTRL_RX_PROMISC, {0}) == VIRTIO_NET_OK);
    net.backend.held_frames = 1000;
    net.notify(0);
    CHECK(net.backend.held_frames == 0);
    CHECK(net.device().received(0).filtered.value() == 1000);
}

/// A descriptor that is writable as long as the test wants.
class Gate {
  public:
    Gate() : fd_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) { REQUIRE(fd_.valid()); }
    int fd() const { return fd_.get(); }
    void close() {
        const std::uint64_t full = UINT64_MAX - 1;
        REQUIRE(::write(fd_.get(), &full, sizeof full) == sizeof full);
    }
    void open() {
        std::uint64_t value = 0;
        REQUIRE(::read(fd_.get(), &value, sizeof value) == sizeof value);
    }

  private:
    UniqueFd fd_;
};

TEST_CASE("A frame waits for a backend that tells when it has room") {
    Gate gate;
    const bool has_header = GENERATE(true, false);
    NetFixture net({}, {.has_header = has_header,
                        .offloads = has_header ? kGuestOffloads | kHostOffloads : 0,
                        .room_fd = gate.fd()});
    net.start();
    gate.close();
    net.backend.send_error = EAGAIN;
    Bytes frame(kHeaderBytes);
    const Bytes content = NetFixture::content(100);
    frame.insert(frame.end(), content.begin(), content.end());
    net.tx().chain().readable(frame).submit();
    net.tx().chain().readable(frame).submit();
    net.notify(1);
    CHECK(net.tx().used_idx() == 0);
    net.notify(1);
    CHECK(net.tx().used_idx() == 0);
    SECTION("and goes as it is") {
        net.backend.send_error = 0;
        gate.open();
        net.loop.run_until_idle();
        CHECK(net.tx().used_idx() == 2);
        CHECK(net.backend.take() == (has_header ? frame : content));
        CHECK(net.backend.take() == (has_header ? frame : content));
        CHECK(net.device().sent(0).frames.value() == 2);
        CHECK(net.device().sent(0).dropped.value() == 0);
        CHECK(net.backend.abandoned == 0);
    }
    SECTION("but not over a reset") {
        net.start();
        CHECK(net.backend.abandoned == 1);
        net.backend.send_error = 0;
        gate.open();
        net.loop.run_until_idle();
        CHECK(net.backend.take().empty());
    }
    SECTION("and is looked at again when the link came back, whatever the descriptor says") {
        net.backend.send_error = 0;
        net.backend.link_changed(false);
        net.backend.link_changed(true);
        net.loop.run_until_idle();
        CHECK(net.tx().used_idx() == 2);
    }
}

TEST_CASE("A backend that does not tell of room loses the frame") {
    NetFixture net;
    net.start();
    net.backend.send_error = EAGAIN;
    net.tx().chain().readable(net.with_header(Bytes(60))).submit();
    net.notify(1);
    CHECK(net.tx().used_idx() == 1);
    CHECK(net.device().sent(0).dropped.value() == 1);
}

}  // namespace
}  // namespace skiff::virtio::net
