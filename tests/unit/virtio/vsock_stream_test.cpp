// SPDX-License-Identifier: Apache-2.0
// A stream's state and credit, without sockets and queues.
#include "virtio/vsock/stream.h"

#include <catch2/catch.hpp>

namespace skiff::virtio::vsock {
namespace {

constexpr std::uint32_t kBuffer = 1000;
constexpr std::uint32_t kGuestBuffer = 500;

PacketHeader packet(Op op, std::uint32_t len = 0, std::uint32_t fwd_cnt = 0,
                    std::uint32_t buf_alloc = kGuestBuffer) {
    PacketHeader header{};
    header.op = static_cast<std::uint16_t>(op);
    header.len = len;
    header.buf_alloc = buf_alloc;
    header.fwd_cnt = fwd_cnt;
    return header;
}

PacketHeader shutdown(std::uint32_t flags) {
    PacketHeader header = packet(Op::kShutdown);
    header.flags = flags;
    return header;
}

Stream from_guest() {
    Stream stream(Stream::Origin::kGuest, kBuffer);
    stream.take_credit(packet(Op::kRequest));
    REQUIRE(stream.take_control()->op == Op::kResponse);
    return stream;
}

TEST_CASE("A guest's stream is answered, and nothing is sent before the answer") {
    Stream stream(Stream::Origin::kGuest, kBuffer);
    stream.take_credit(packet(Op::kRequest));
    CHECK(stream.established());
    CHECK(stream.sendable_bytes() == 0);
    REQUIRE(stream.owes_control());
    CHECK(stream.take_control()->op == Op::kResponse);
    CHECK_FALSE(stream.owes_control());
    CHECK(stream.sendable_bytes() == kGuestBuffer);
}

TEST_CASE("A host's stream asks, and is established by the answer") {
    Stream stream(Stream::Origin::kHost, kBuffer);
    CHECK_FALSE(stream.known_to_guest());
    CHECK(stream.take_control()->op == Op::kRequest);
    CHECK(stream.known_to_guest());
    CHECK_FALSE(stream.established());
    CHECK(stream.sendable_bytes() == 0);
    stream.host_stops_sending();
    CHECK_FALSE(stream.owes_control());  // not before there is a stream
    CHECK(stream.receive(packet(Op::kResponse)) == Reaction::kEstablished);
    CHECK(stream.sendable_bytes() == kGuestBuffer);
    CHECK(stream.take_control()->flags == VIRTIO_VSOCK_SHUTDOWN_F_SEND);
}

TEST_CASE("An answer before the question breaks the rules, as everything but an answer after it") {
    Stream early(Stream::Origin::kHost, kBuffer);
    CHECK(early.receive(packet(Op::kResponse)) == Reaction::kViolation);
    const auto op = GENERATE(Op::kInvalid, Op::kRequest, Op::kShutdown, Op::kRw, Op::kCreditUpdate,
                             Op::kCreditRequest, Op{8}, Op{0xffff});
    Stream stream(Stream::Origin::kHost, kBuffer);
    stream.take_control();
    CHECK(stream.receive(packet(op)) == Reaction::kViolation);
}

TEST_CASE("An RST ends a stream in every state") {
    Stream unasked(Stream::Origin::kHost, kBuffer);
    CHECK(unasked.receive(packet(Op::kRst)) == Reaction::kEnded);
    Stream stream = from_guest();
    CHECK(stream.receive(packet(Op::kRst)) == Reaction::kEnded);
}

TEST_CASE("An established stream takes no second beginning and no unknown operation") {
    const auto op = GENERATE(Op::kInvalid, Op::kRequest, Op::kResponse, Op{8}, Op{0xffff});
    Stream stream = from_guest();
    CHECK(stream.receive(packet(op)) == Reaction::kViolation);
}

TEST_CASE("What the guest sends fits the buffer that it was told of, or breaks the rules") {
    Stream stream = from_guest();
    CHECK(stream.receive(packet(Op::kRw, 600)) == Reaction::kData);
    CHECK(stream.receive(packet(Op::kRw, 400)) == Reaction::kData);
    SECTION("full") {
        CHECK(stream.receive(packet(Op::kRw, 0)) == Reaction::kNone);
        CHECK(stream.receive(packet(Op::kRw, 1)) == Reaction::kViolation);
    }
    SECTION("what was forwarded is free again") {
        stream.forwarded(600);
        CHECK(stream.receive(packet(Op::kRw, 601)) == Reaction::kViolation);
    }
    SECTION("to the last byte") {
        stream.forwarded(600);
        CHECK(stream.receive(packet(Op::kRw, 600)) == Reaction::kData);
    }
    SECTION("a length that would wrap") {
        CHECK(stream.receive(packet(Op::kRw, 0xffff'ffff)) == Reaction::kViolation);
    }
}

TEST_CASE("The guest is told of new room when it is a quarter of the buffer, or when it asks") {
    Stream stream = from_guest();
    PacketHeader sent{};
    REQUIRE(stream.receive(packet(Op::kRw, 900)) == Reaction::kData);
    stream.forwarded(249);
    CHECK_FALSE(stream.owes_control());
    stream.forwarded(1);
    REQUIRE(stream.owes_control());
    CHECK(stream.take_control()->op == Op::kCreditUpdate);
    stream.put_credit(sent);
    CHECK(sent.fwd_cnt == 250);
    CHECK(sent.buf_alloc == kBuffer);
    CHECK_FALSE(stream.owes_control());
    CHECK(stream.receive(packet(Op::kCreditRequest)) == Reaction::kNone);
    CHECK(stream.receive(packet(Op::kCreditRequest)) == Reaction::kNone);
    CHECK(stream.take_control()->op == Op::kCreditUpdate);
    CHECK_FALSE(stream.owes_control());  // of each kind one at most
}

TEST_CASE("Any packet that tells of room makes the update for it unnecessary") {
    Stream stream = from_guest();
    PacketHeader sent{};
    REQUIRE(stream.receive(packet(Op::kRw, 900)) == Reaction::kData);
    stream.forwarded(900);
    REQUIRE(stream.owes_control());
    stream.put_credit(sent);
    CHECK_FALSE(stream.owes_control());
}

TEST_CASE("Nothing is sent without credit, whatever the guest says of it") {
    Stream stream = from_guest();
    stream.sent(500);
    CHECK(stream.sendable_bytes() == 0);
    SECTION("the guest has read some") {
        stream.receive(packet(Op::kCreditUpdate, 0, 200));
        CHECK(stream.sendable_bytes() == 200);
    }
    SECTION("its buffer shrank below what is under way") {
        stream.receive(packet(Op::kCreditUpdate, 0, 200, 100));
        CHECK(stream.sendable_bytes() == 0);
    }
    SECTION("it claims to have read more than was sent") {
        stream.receive(packet(Op::kCreditUpdate, 0, 501));
        CHECK(stream.sendable_bytes() == 0);
    }
    SECTION("the largest claims") {
        stream.receive(packet(Op::kCreditUpdate, 0, 500, 0xffff'ffff));
        CHECK(stream.sendable_bytes() == 0xffff'ffff);
        stream.receive(packet(Op::kCreditUpdate, 0, 0xffff'ffff, 0xffff'ffff));
        CHECK(stream.sendable_bytes() == 0xffff'ffff - 501);
    }
}

TEST_CASE("Credit counters wrap") {
    Stream stream = from_guest();
    for (std::uint32_t sent = 0, i = 0; i < 20; ++i) {
        stream.sent(0x4000'0000);
        sent += 0x4000'0000;
        CHECK(stream.sendable_bytes() == 0);
        stream.receive(packet(Op::kCreditUpdate, 0, sent));
        CHECK(stream.sendable_bytes() == kGuestBuffer);
    }
}

TEST_CASE("Credit is asked for once, until there is some again") {
    Stream stream = from_guest();
    stream.sent(500);
    stream.want_credit();
    stream.want_credit();
    CHECK(stream.take_control()->op == Op::kCreditRequest);
    stream.want_credit();
    CHECK_FALSE(stream.owes_control());
    stream.receive(packet(Op::kCreditUpdate, 0, 500));
    stream.sent(500);
    stream.want_credit();
    CHECK(stream.take_control()->op == Op::kCreditRequest);
}

TEST_CASE("The guest ends its directions one by one, and for good") {
    Stream stream = from_guest();
    CHECK(stream.receive(shutdown(0)) == Reaction::kShutdown);
    CHECK(stream.guest_sends());
    SECTION("first sending") {
        CHECK(stream.receive(shutdown(VIRTIO_VSOCK_SHUTDOWN_F_SEND)) == Reaction::kShutdown);
        CHECK_FALSE(stream.guest_sends());
        CHECK(stream.guest_receives());
        CHECK(stream.sendable_bytes() == kGuestBuffer);
        CHECK(stream.receive(shutdown(0)) == Reaction::kShutdown);
        CHECK_FALSE(stream.guest_sends());
        CHECK(stream.receive(shutdown(VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE)) == Reaction::kClosed);
    }
    SECTION("first receiving") {
        CHECK(stream.receive(shutdown(VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE)) == Reaction::kShutdown);
        CHECK(stream.sendable_bytes() == 0);
        CHECK(stream.receive(packet(Op::kRw, 10)) == Reaction::kData);
        CHECK(stream.receive(shutdown(VIRTIO_VSOCK_SHUTDOWN_F_SEND)) == Reaction::kClosed);
    }
    SECTION("data after its end breaks the rules") {
        stream.receive(shutdown(VIRTIO_VSOCK_SHUTDOWN_F_SEND));
        CHECK(stream.receive(packet(Op::kRw, 10)) == Reaction::kViolation);
    }
    SECTION("bits that do not exist mean nothing") {
        CHECK(stream.receive(shutdown(0xffff'fffc)) == Reaction::kShutdown);
        CHECK(stream.guest_sends());
        CHECK(stream.guest_receives());
    }
}

TEST_CASE("The guest is told once what the host's end has ended") {
    Stream stream = from_guest();
    stream.host_stops_sending();
    auto control = stream.take_control();
    CHECK(control->op == Op::kShutdown);
    CHECK(control->flags == VIRTIO_VSOCK_SHUTDOWN_F_SEND);
    CHECK_FALSE(stream.has_said_goodbye());
    stream.host_stops_sending();
    CHECK_FALSE(stream.owes_control());
    stream.host_is_gone();
    control = stream.take_control();
    CHECK(control->flags == kShutdownBoth);
    CHECK(stream.has_said_goodbye());
    CHECK_FALSE(stream.owes_control());
}

TEST_CASE("What comes for a host's end that does not read is thrown away, and counts as read") {
    Stream stream = from_guest();
    stream.host_stops_receiving();
    for (int i = 0; i < 10; ++i) {
        CHECK(stream.receive(packet(Op::kRw, kBuffer)) == Reaction::kDiscard);
    }
    PacketHeader sent{};
    stream.put_credit(sent);
    CHECK(sent.fwd_cnt == 10 * kBuffer);
}

}  // namespace
}  // namespace skiff::virtio::vsock
