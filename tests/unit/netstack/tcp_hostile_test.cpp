// SPDX-License-Identifier: Apache-2.0
// What guests get that do not keep to RFC 9293.
#include <catch2/catch.hpp>
#include <deque>
#include <random>

#include "echo_server.h"

namespace skiff::netstack {
namespace {

using std::chrono::seconds;
using test::Responder;
using test::TcpGuest;

TEST_CASE("A flood of SYNs takes no more room than there is, and none from those who talk") {
    Responder responder;
    TcpGuest friendly(responder.service, 1);
    REQUIRE(friendly.connect());
    for (std::uint16_t port = 100; port < 1100; ++port) {
        TcpGuest flood(responder.service, port);
        flood.now = friendly.now + seconds(1);
        flood.send(kSyn);
        CHECK(responder.service.connection_count() <= TcpResponder::kMaxConnections);
    }
    while (friendly.take().has_value()) {
    }
    CHECK(friendly.ask("hello\n") == "hello");
}

TEST_CASE("Of connections that all talk, a further one replaces the one that stands still") {
    Responder responder;
    std::deque<TcpGuest> guests;
    for (std::size_t i = 0; i <= TcpResponder::kMaxConnections; ++i) {
        guests.emplace_back(responder.service, static_cast<std::uint16_t>(100 + i));
        guests.back().now += seconds(i == 3 ? 0 : i + 1);
        REQUIRE(guests.back().connect());
    }
    CHECK(responder.service.connection_count() == TcpResponder::kMaxConnections);
    CHECK(guests[0].ask("hello\n") == "hello");
    guests[3].ask("hello\n");
    CHECK(guests[3].was_reset);
}

TEST_CASE("Refusals and ARP replies that nobody takes do not pile up") {
    Responder responder;
    for (std::uint16_t port = 0; port < 1000; ++port) {
        TcpGuest guest(responder.service, port);
        guest.other.port = 81;
        guest.send(kSyn);
    }
    TcpGuest guest(responder.service);
    std::size_t count = 0;
    while (guest.take().has_value()) {
        ++count;
    }
    CHECK(count == TcpResponder::kMaxReplies);
}

TEST_CASE("A reset is believed only where it fits") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    TcpGuest::Segment guess = guest.segment(kRst);
    guess.sequence += 100;
    guest.put(guess);
    CHECK(guest.take().has_value());
    CHECK(guest.ask("hello\n") == "hello");
    guest.send(kRst);
    CHECK(responder.service.connection_count() == 0);
    CHECK_FALSE(responder.service.has_frame());
}

TEST_CASE("Acknowledging what was never sent ends a handshake, and changes nothing later") {
    Responder responder;
    TcpGuest early(responder.service, 1);
    early.send(kSyn);
    REQUIRE(early.take().has_value());
    TcpGuest::Segment wrong = early.segment(kAck);
    wrong.acknowledgment += 5;
    early.put(wrong);
    early.receive_all();
    CHECK(early.was_reset);
    CHECK(responder.service.connection_count() == 0);

    TcpGuest late(responder.service, 2);
    REQUIRE(late.connect());
    wrong = late.segment(kAck);
    wrong.acknowledgment += 100'000;
    late.put(wrong);
    CHECK(late.ask("hello\n") == "hello");
}

TEST_CASE("An answer that nobody takes ends with its client's time") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    guest.window = 0;
    guest.send(kAck, "1000000\n");
    for (int i = 0; i < 100 && responder.service.deadline().has_value(); ++i) {
        guest.now = *responder.service.deadline();
        responder.service.tick(guest.now);
        while (guest.take().has_value()) {
        }
    }
    CHECK(responder.service.connection_count() == 0);
}

TEST_CASE(
    "A farewell that nobody takes is forgotten, and its deadline does not come again and again") {
    Responder responder;
    TcpGuest guest(responder.service);
    REQUIRE(guest.connect());
    unsigned ticks = 0;
    while (const auto deadline = responder.service.deadline()) {
        REQUIRE(++ticks < 10);
        responder.service.tick(*deadline);
    }
    CHECK(responder.service.connection_count() == 0);
}

TEST_CASE("A client with segments of one byte gets what Linux would give it") {
    Responder responder;
    TcpGuest guest(responder.service);
    TcpGuest::Segment syn = guest.segment(kSyn);
    syn.max_segment_bytes = 1;
    guest.put(syn);
    ++guest.send_next;
    REQUIRE(guest.take().has_value());
    guest.send(kAck);
    guest.send(kAck, "100\n");
    const auto got = guest.take();
    REQUIRE(got.has_value());
    CHECK(got->payload.size() == 48);
}

TEST_CASE("Any segments in any order break nothing, and in the end nothing is left") {
    std::mt19937 random(GENERATE(range(1U, 30U)));
    Responder responder;
    std::deque<TcpGuest> guests;
    for (std::uint16_t port = 0; port < 4; ++port) {
        guests.emplace_back(responder.service, port);
        guests.back().connect();
    }
    auto now = guests.front().now;
    const std::string lines = "9\nhello\n3000\nbye\nx";
    for (int i = 0; i < 500; ++i) {
        TcpGuest& guest = guests[random() % guests.size()];
        guest.now = now;
        TcpGuest::Segment segment =
            guest.segment(static_cast<std::uint8_t>(random() % 4 == 0 ? random() : kAck),
                          std::string_view(lines).substr(random() % lines.size()));
        segment.sequence += random() % 8 == 0 ? static_cast<std::uint32_t>(random() % 40) - 20 : 0;
        segment.acknowledgment +=
            random() % 8 == 0 ? static_cast<std::uint32_t>(random() % 4000) - 2000 : 0;
        segment.window = static_cast<std::uint16_t>(random() % 4 == 0 ? random() % 2000 : 65'535);
        guest.put(segment);
        guest.send_next += random() % 2 == 0 ? segment.length() : 0;
        if (random() % 3 != 0) {
            static_cast<void>(guest.take());
        }
        now += std::chrono::milliseconds(random() % 200);
        responder.service.tick(now);
        REQUIRE(responder.service.connection_count() <= TcpResponder::kMaxConnections);
    }
    unsigned ticks = 0;
    while (const auto deadline = responder.service.deadline()) {
        REQUIRE(++ticks < 500);
        responder.service.tick(*deadline);
        while (guests.front().take().has_value()) {
        }
    }
    CHECK(responder.service.connection_count() == 0);
}

}  // namespace
}  // namespace skiff::netstack
