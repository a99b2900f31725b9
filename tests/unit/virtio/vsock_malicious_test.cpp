// SPDX-License-Identifier: Apache-2.0
// The socket device against a guest that breaks the rules: each case ends in an answer or in
// nothing, and the device works for another stream all the while.
#include <catch2/catch.hpp>
#include <cstddef>
#include <functional>
#include <limits>

#include "tests/support/vsock_guest.h"

namespace skiff::virtio::vsock {
namespace {

using test::Bytes;
using test::text_bytes;
using test::text_of;
using test::VsockGuest;
using Names = std::vector<std::string>;

constexpr std::uint32_t kHostPort = 7;
constexpr std::uint32_t kGuestPort = 1000;

PacketHeader header(Op op) {
    return VsockGuest::header(op, kHostPort, kGuestPort);
}

/// What a guest sends on an established stream (or beside it), and what comes of it.
struct Case {
    const char* name;
    PacketHeader packet;
    std::size_t payload;  // bytes that are really there
    Names answers;
    bool stream_lives;
};

template <typename Change>
PacketHeader changed(Op op, Change change) {
    PacketHeader packet = header(op);
    change(packet);
    return packet;
}

std::vector<Case> cases() {
    const std::uint32_t most = std::numeric_limits<std::uint32_t>::max();
    return {
        {"another's context id", changed(Op::kRw, [](auto& p) { p.src_cid = 6; }), 0, {}, true},
        {"the host's context id as its own",
         changed(Op::kRst, [](auto& p) { p.src_cid = 2; }),
         0,
         {},
         true},
        {"reserved bits of its context id",
         changed(Op::kRst, [](auto& p) { p.src_cid |= 1ULL << 32; }),
         0,
         {},
         true},
        {"to another guest",
         changed(Op::kRequest, [](auto& p) { p.dst_cid = 9; }),
         0,
         {"RST"},
         true},
        {"to itself", changed(Op::kRequest, [](auto& p) { p.dst_cid = 5; }), 0, {"RST"}, true},
        {"reserved bits of the host's id",
         changed(Op::kRst, [](auto& p) { p.dst_cid |= 1ULL << 63; }),
         0,
         {},
         true},
        {"SEQPACKET", changed(Op::kRequest, [](auto& p) { p.type = 2; }), 0, {"RST"}, true},
        {"type 0", changed(Op::kRw, [](auto& p) { p.type = 0; }), 0, {"RST"}, true},
        {"type 0xffff", changed(Op::kRw, [](auto& p) { p.type = 0xffff; }), 0, {"RST"}, true},
        {"an RST of another type", changed(Op::kRst, [](auto& p) { p.type = 9; }), 0, {}, true},
        {"operation 0", header(Op::kInvalid), 0, {"RST"}, false},
        {"operation 8", header(Op{8}), 0, {"RST"}, false},
        {"operation 0xffff", header(Op{0xffff}), 0, {"RST"}, false},
        {"a second REQUEST", header(Op::kRequest), 0, {"RST"}, false},
        {"a RESPONSE to nothing", header(Op::kResponse), 0, {"RST"}, false},
        {"more payload than there is",
         changed(Op::kRw, [](auto& p) { p.len = 100; }),
         99,
         {"RST"},
         false},
        {"payload without bytes",
         changed(Op::kRw, [=](auto& p) { p.len = most; }),
         0,
         {"RST"},
         false},
        {"length of a control packet",
         changed(Op::kCreditUpdate, [](auto& p) { p.len = 8; }),
         0,
         {"RST"},
         false},
        {"payload of a control packet",
         changed(Op::kCreditUpdate, [](auto& p) { p.len = 8; }),
         8,
         {},
         true},
        {"more bytes than payload", changed(Op::kRw, [](auto& p) { p.len = 3; }), 50, {}, true},
        {"empty payload", header(Op::kRw), 0, {}, true},
        {"beyond its credit",
         changed(Op::kRw, [](auto& p) { p.len = (256 << 10) + 1; }),
         (256 << 10) + 1,
         {"RST"},
         false},
        {"no credit at all",
         changed(Op::kCreditUpdate, [](auto& p) { p.buf_alloc = 0; }),
         0,
         {},
         true},
        {"more received than sent",
         changed(Op::kCreditUpdate, [=](auto& p) { p.fwd_cnt = most; }),
         0,
         {},
         true},
        {"all credit there can be",
         changed(Op::kCreditUpdate, [=](auto& p) { p.buf_alloc = most; }),
         0,
         {},
         true},
        {"SHUTDOWN of nothing", header(Op::kShutdown), 0, {}, true},
        {"SHUTDOWN with unknown flags",
         changed(Op::kShutdown, [](auto& p) { p.flags = 0xffff'fffc; }),
         0,
         {},
         true},
        {"an unknown stream's data",
         changed(Op::kRw, [](auto& p) { p.src_port = 1; }),
         0,
         {"RST"},
         true},
        {"an unknown stream's RESPONSE",
         changed(Op::kResponse, [](auto& p) { p.dst_port = 1; }),
         0,
         {"RST"},
         true},
        {"an unknown stream's RST",
         changed(Op::kRst, [](auto& p) { p.dst_port = 1; }),
         0,
         {},
         true},
        {"an unknown stream's SHUTDOWN",
         changed(Op::kShutdown, [](auto& p) { p.src_port = most; }),
         0,
         {"RST"},
         true},
    };
}

TEST_CASE("What a guest must not send has one answer, and harms its own stream at most") {
    VsockGuest guest;
    guest.give_buffers(64);
    const UniqueFd listener = guest.listen(kHostPort);
    guest.send(header(Op::kRequest));
    guest.send(VsockGuest::header(Op::kRequest, kHostPort, 2000));
    const UniqueFd server = VsockGuest::accept(listener);
    const UniqueFd bystander = VsockGuest::accept(listener);
    REQUIRE(guest.take_all() == Names{"RESPONSE", "RESPONSE"});
    for (const Case& row : cases()) {
        DYNAMIC_SECTION(row.name) {
            guest.send(row.packet, Bytes(row.payload, 1));
            CHECK(guest.take_all() == row.answers);
            CHECK(guest.device().exchange().streams() == (row.stream_lives ? 2 : 1));
            CHECK(VsockGuest::at_end(server) == !row.stream_lives);
            guest.send(VsockGuest::data_header(kHostPort, 2000, 2), text_bytes("ok"));
            CHECK(text_of(VsockGuest::read(bystander)) == "ok");
            VsockGuest::write(bystander, text_bytes("back"));
            guest.run();
            CHECK(guest.take_all() == Names{"RW 4"});
            CHECK_FALSE(guest.broken());
        }
    }
}

TEST_CASE("An RST has the addresses and the type of what it answers") {
    VsockGuest guest;
    guest.give_buffers(8);
    PacketHeader packet = header(Op::kRequest);
    packet.dst_cid = 0x1'0000'0009;
    packet.type = 7;
    guest.send(packet);
    const auto answer = guest.take();
    REQUIRE(answer.has_value());
    CHECK(answer->op() == Op::kRst);
    CHECK(answer->header.src_cid == 0x1'0000'0009);
    CHECK(answer->header.dst_cid == VsockGuest::kCid);
    CHECK(answer->header.src_port == kHostPort);
    CHECK(answer->header.dst_port == kGuestPort);
    CHECK(answer->header.type == 7);
}

TEST_CASE("A packet shorter than its header breaks the queue, and a reset heals it") {
    VsockGuest guest;
    guest.queues[kTxQueue]->chain().readable(Bytes(sizeof(PacketHeader) - 1)).submit();
    guest.notify(kTxQueue);
    CHECK(guest.broken());
    guest.start();
    guest.give_buffers(2);
    guest.send(VsockGuest::header(Op::kRequest, 1, 1));
    CHECK(guest.take_all() == Names{"RST"});
}

TEST_CASE("A receive buffer without room for payload breaks the queue") {
    const auto bytes = GENERATE(1U, 43U, 44U);
    VsockGuest guest;
    guest.send(VsockGuest::header(Op::kRequest, 1, 1));
    guest.give_buffers(1, bytes);
    CHECK(guest.broken());
    CHECK(guest.take_all().empty());
}

TEST_CASE("The smallest receive buffer takes its bytes one by one") {
    VsockGuest guest;
    const UniqueFd listener = guest.listen(kHostPort);
    guest.send(header(Op::kRequest));
    const UniqueFd server = VsockGuest::accept(listener);
    VsockGuest::write(server, text_bytes("abc"));
    guest.run();
    guest.give_buffers(4, sizeof(PacketHeader) + 1);
    CHECK(guest.take_all() == Names{"RESPONSE", "RW 1", "RW 1", "RW 1"});
}

TEST_CASE("A header cut into single bytes is a header") {
    VsockGuest guest;
    guest.give_buffers(2);
    const PacketHeader packet = VsockGuest::header(Op::kRequest, 1, 1);
    auto chain = guest.queues[kTxQueue]->chain();
    for (std::size_t i = 0; i < sizeof packet; ++i) {
        chain.readable({reinterpret_cast<const std::uint8_t*>(&packet)[i]});
    }
    chain.submit();
    guest.notify(kTxQueue);
    CHECK(guest.take_all() == Names{"RST"});
}

TEST_CASE("A guest that guesses the answer to a REQUEST that it has not been sent is refused") {
    VsockGuest guest;  // no receive buffers
    const UniqueFd client = guest.connect(52);
    guest.send(VsockGuest::header(Op::kResponse, 1U << 30, 52));
    CHECK(VsockGuest::at_end(client));
    CHECK(VsockGuest::read(client).empty());
    guest.give_buffers(4);
    CHECK(guest.take_all().empty());
}

TEST_CASE("A REQUEST with the ports of a host's stream is no second stream") {
    VsockGuest guest;
    guest.give_buffers(4);
    const UniqueFd listener = guest.listen(1U << 30);
    const UniqueFd client = guest.connect(52);
    guest.send(VsockGuest::header(Op::kRequest, 1U << 30, 52));
    CHECK(guest.take_all() == Names{"REQUEST", "RST"});
    CHECK(VsockGuest::at_end(client));
    CHECK_FALSE(VsockGuest::accept(listener).valid());
}

TEST_CASE("Ports of the host that are in use are not given to its clients") {
    VsockGuest guest;
    guest.give_buffers(8);
    const UniqueFd listener = guest.listen(1U << 30);
    guest.send(VsockGuest::header(Op::kRequest, 1U << 30, 52));
    CHECK(guest.take_all() == Names{"RESPONSE"});
    const UniqueFd client = guest.connect(52);
    CHECK(guest.take()->header.src_port == (1U << 30) + 1);
}

TEST_CASE("A REQUEST is refused by a reset that is on its way, not killed by it later") {
    VsockGuest guest;
    const UniqueFd listener = guest.listen(kHostPort);
    guest.send(header(Op::kRw));       // no such stream
    guest.send(header(Op::kRequest));  // now there could be one
    CHECK(guest.device().exchange().streams() == 0);
    guest.give_buffers(4);
    CHECK(guest.take_all() == Names{"RST"});
    guest.send(header(Op::kRw));
    guest.send(header(Op::kRst));  // it knows by itself, but the answer was given
    guest.send(header(Op::kRequest));
    CHECK(guest.take_all() == Names{"RST", "RESPONSE"});
}

TEST_CASE(
    "A flood of packets without streams stops the guest's queue, not more, until it listens") {
    VsockLimits limits;
    limits.owed_resets = 8;
    VsockGuest guest(limits);
    for (std::uint32_t port = 0; port < 60; ++port) {
        guest.put(VsockGuest::header(Op::kRw, 1, port));
    }
    guest.notify(kTxQueue);
    CHECK(guest.queues[kTxQueue]->used_idx() == 8);
    for (int i = 0; i < 10; ++i) {
        guest.notify(kTxQueue);
    }
    CHECK(guest.queues[kTxQueue]->used_idx() == 8);
    guest.give_buffers(100);
    CHECK(guest.take_all() == Names(60, "RST"));
    CHECK(guest.queues[kTxQueue]->used_idx() == 60);
}

TEST_CASE("A guest that opens and resets streams in a loop leaves nothing behind") {
    VsockLimits limits;
    limits.streams = 4;
    VsockGuest guest(limits);
    const UniqueFd listener = guest.listen(kHostPort);
    for (std::uint32_t i = 0; i < 100; ++i) {
        guest.send(VsockGuest::header(Op::kRequest, kHostPort, i));
        guest.send(VsockGuest::header(Op::kRst, kHostPort, i));
        REQUIRE(VsockGuest::accept(listener).valid());
    }
    CHECK(guest.device().exchange().streams() == 0);
    CHECK_FALSE(guest.device().exchange().has_packets());
}

TEST_CASE("A listener whose queue is full refuses; nothing waits for it") {
    VsockGuest guest;
    guest.give_buffers(16);
    const UniqueFd listener = guest.listen(kHostPort, 1);
    for (std::uint32_t port = 0; port < 5; ++port) {
        guest.send(VsockGuest::header(Op::kRequest, kHostPort, port));
    }
    CHECK(guest.take_all() == Names{"RESPONSE", "RESPONSE", "RST", "RST", "RST"});
}

}  // namespace
}  // namespace skiff::virtio::vsock
