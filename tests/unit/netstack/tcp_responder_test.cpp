// SPDX-License-Identifier: Apache-2.0
// What clients that keep to RFC 9293 get.
#include "vmm/netstack/tcp_responder.h"

#include <catch2/catch.hpp>

#include "echo_server.h"

namespace skiff::netstack {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using test::Responder;
using test::TcpGuest;

TEST_CASE("A client connects, asks, is answered, asks again, and ends") {
    Responder responder;
    CHECK_FALSE(responder.service.deadline().has_value());
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    CHECK(guest.ask("hello\n") == "hello");
    CHECK(guest.ask("in two") == "");
    CHECK(guest.ask(" parts\nand\nmore\n") == "in two partsandmore");
    guest.send(kAck | kFin);
    guest.receive_all();
    CHECK(guest.ended);
    CHECK(responder.service.connection_count() == 0);
    CHECK_FALSE(responder.service.deadline().has_value());
    CHECK_FALSE(responder.service.has_frame());
}

TEST_CASE("The SYN is answered with the largest segment that we take, and nobody else's port") {
    Responder responder;
    TcpGuest guest(responder.service);
    guest.send(kSyn);
    const auto answer = guest.take();
    REQUIRE(answer.has_value());
    CHECK(answer->flags == (kSyn | kAck));
    CHECK(answer->acknowledgment == guest.send_next);
    CHECK(answer->max_segment_bytes == 1460);
    CHECK(answer->from.mac == TcpResponder::kMac);
    TcpGuest other(responder.service, 40'001);
    other.other.port = 81;
    other.send(kSyn);
    const auto refused = other.take();
    REQUIRE(refused.has_value());
    CHECK(refused->flags == (kRst | kAck));
    CHECK(refused->acknowledgment == other.send_next);
}

TEST_CASE("A server that ends says so, and is gone when the client has ended too") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    CHECK(guest.ask("bye\n") == "bye");
    CHECK(guest.ended);
    CHECK(responder.service.connection_count() == 1);
    guest.send(kAck | kFin);
    const auto last = guest.take();
    REQUIRE(last.has_value());
    CHECK(last->flags == kAck);
    CHECK(last->acknowledgment == guest.send_next);
    CHECK(responder.service.connection_count() == 0);
}

TEST_CASE("A large answer comes in segments of the client's size, within its window") {
    Responder responder;
    TcpGuest guest(responder.service);
    guest.window = 3000;
    TcpGuest::Segment syn = guest.segment(kSyn);
    syn.max_segment_bytes = 1000;
    guest.put(syn);
    ++guest.send_next;
    REQUIRE(guest.take().has_value());
    guest.send(kAck);
    guest.send(kAck, "50000\n");
    std::size_t total = 0;
    while (total < 50'000) {
        std::size_t burst = 0;
        while (const auto got = guest.take()) {
            CHECK(got->payload.size() <= 1000);
            burst += got->payload.size();
        }
        REQUIRE(burst != 0);
        REQUIRE(burst <= 3000);
        total += burst;
        guest.send(kAck);
    }
    CHECK(total == 50'000);
    CHECK_FALSE(guest.take().has_value());
}

TEST_CASE("What is lost comes again, after a second, then two, and in the end never") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    guest.send(kAck, "hello\n");
    const std::uint32_t before = guest.receive_next;
    REQUIRE(guest.take().has_value());
    const auto began = guest.now;
    CHECK(responder.service.deadline() == began + seconds(1));
    guest.now = began + milliseconds(999);
    responder.service.tick(guest.now);
    CHECK_FALSE(responder.service.has_frame());
    guest.receive_next = before;
    for (const int delay : {1, 2}) {
        guest.now = *responder.service.deadline();
        responder.service.tick(guest.now);
        const auto again = guest.take();
        REQUIRE(again.has_value());
        CHECK(again->sequence == before);
        CHECK(again->payload.size() == 5);
        CHECK(responder.service.deadline() == guest.now + seconds(2 * delay));
        guest.receive_next = before;
    }
    for (int i = 0; i < 10 && responder.service.deadline().has_value(); ++i) {
        guest.now = *responder.service.deadline();
        responder.service.tick(guest.now);
        guest.receive_all();
        guest.receive_next = before;
    }
    CHECK(guest.was_reset);
    CHECK(responder.service.connection_count() == 0);
}

TEST_CASE("A lost SYN-ACK comes again, and a SYN that is sent again gets the same answer") {
    Responder responder;
    TcpGuest guest(responder.service);
    guest.put(guest.segment(kSyn));
    const auto first = guest.take();
    guest.put(guest.segment(kSyn));
    const auto again = guest.take();
    REQUIRE((first.has_value() && again.has_value()));
    CHECK(again->sequence == first->sequence);
    CHECK(again->flags == first->flags);
    guest.now += seconds(1);
    responder.service.tick(guest.now);
    const auto timed = guest.take();
    REQUIRE(timed.has_value());
    CHECK(timed->sequence == first->sequence);
    CHECK(responder.server->accepted == 1);
}

TEST_CASE("A client whose window was closed gets the rest when it opens, or is asked for it") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    guest.window = 0;
    guest.send(kAck, "3000\n");
    const auto acknowledged = guest.take();
    REQUIRE(acknowledged.has_value());
    CHECK(acknowledged->payload.empty());
    CHECK_FALSE(responder.service.has_frame());
    guest.now = *responder.service.deadline();
    responder.service.tick(guest.now);
    const std::uint32_t before = guest.receive_next;
    const auto probe = guest.take();
    REQUIRE(probe.has_value());
    CHECK(probe->payload.size() == 1);
    guest.receive_next = before;  // thrown away, as a closed window does
    guest.put(guest.segment(kAck));
    CHECK_FALSE(responder.service.has_frame());
    guest.window = 65'535;
    guest.put(guest.segment(kAck));
    CHECK(guest.receive_all().size() == 3000);
}

TEST_CASE("What came already and what comes too early is answered with where we are") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    TcpGuest::Segment early = guest.segment(kAck, "lo\n");
    early.sequence += 3;
    guest.put(early);
    auto answer = guest.take();
    REQUIRE(answer.has_value());
    CHECK(answer->acknowledgment == guest.send_next);
    CHECK(answer->payload.empty());
    const TcpGuest::Segment first = guest.segment(kAck, "hel");
    guest.send(kAck, "hel");
    guest.receive_all();
    guest.put(first);
    answer = guest.take();
    REQUIRE(answer.has_value());
    CHECK(answer->acknowledgment == guest.send_next);
    // What overlaps counts from where it is new.
    TcpGuest::Segment overlapping = guest.segment(kAck, "ello\n");
    overlapping.sequence -= 2;
    guest.put(overlapping);
    guest.send_next += 3;
    CHECK(guest.receive_all() == "hello");
}

TEST_CASE("A client that sends on while it is answered is told when it may send more") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    guest.window = 0;  // the answer to the first line cannot go out
    guest.send(kAck, "100\n");
    const std::string line(1000, 'y');
    for (int i = 0; i < 30; ++i) {
        guest.send(kAck, line);
    }
    std::uint32_t taken = 0;
    std::uint16_t window = 1;
    while (const auto got = guest.take()) {
        taken = got->acknowledgment;
        window = got->window;
    }
    CHECK(window == 0);
    guest.send_next = taken;
    guest.window = 65'535;
    guest.put(guest.segment(kAck));
    CHECK(guest.receive_all() == std::string(100, 'x'));
    CHECK(guest.ended);  // 16 KiB without an end of line
}

TEST_CASE("A client that stands still is cut off after 30 seconds") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    guest.ask("half a line");
    CHECK(responder.service.deadline() == guest.now + seconds(30));
    guest.now += seconds(30);
    responder.service.tick(guest.now);
    guest.receive_all();
    CHECK(guest.was_reset);
    CHECK(responder.service.connection_count() == 0);
    CHECK_FALSE(responder.service.deadline().has_value());
}

TEST_CASE("A reset of the device forgets everything") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    guest.send(kAck, "hello\n");
    responder.service.reset();
    CHECK_FALSE(responder.service.has_frame());
    CHECK(responder.service.connection_count() == 0);
    guest.send(kAck, "more\n");
    guest.receive_all();
    CHECK(guest.was_reset);
}

}  // namespace
}  // namespace skiff::netstack
