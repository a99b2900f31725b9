// SPDX-License-Identifier: Apache-2.0
// What the socket device does when one side does not read, does not answer, or wants too much.

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include "vsock_streams.h"

namespace skiff::virtio::vsock {
namespace {

TEST_CASE("Data stops where the guest's credit ends, asks for more once, and goes on with it") {
    HostStream stream;
    VsockGuest& guest = stream.guest;
    VsockGuest::write(stream.client, content(100'000));
    guest.run();
    Names names = guest.take_all();
    CHECK(names.back() == "CREDIT_REQUEST");
    CHECK(guest.device().counters().bytes_to_guest.value() == VsockGuest::kGuestCredit);
    VsockGuest::write(stream.client, content(10));
    guest.run();
    CHECK(guest.take_all().empty());
    PacketHeader update = VsockGuest::header(Op::kCreditUpdate, kFirst, kPort);
    update.fwd_cnt = VsockGuest::kGuestCredit;
    guest.send(update);
    CHECK(guest.device().counters().bytes_to_guest.value() == 100'010);
}

/// Sends until the device's buffer is as full as it may be; how much that was.
std::size_t fill(VsockGuest& guest) {
    std::size_t sent = 0;
    std::uint32_t forwarded = 0;
    const std::uint32_t room = VsockLimits{}.large_buffer;
    while (true) {
        while (const auto packet = guest.take()) {
            forwarded = packet->header.fwd_cnt;
        }
        if (sent - forwarded + 16'384 > room) {
            return sent;
        }
        guest.send(VsockGuest::data_header(7, 1000, 16'384),
                   content(16'384, static_cast<unsigned>(sent)));
        sent += 16'384;
    }
}

TEST_CASE("A host's end that never reads holds the guest back, and all arrives when it reads") {
    GuestStream stream;
    const std::size_t sent = fill(stream.guest);
    CHECK(sent >= VsockLimits{}.large_buffer);
    CHECK(sent < 2 << 20);
    std::size_t at = 0;
    while (at < sent) {
        const Bytes got = VsockGuest::read(stream.server, 16'384);
        REQUIRE(got == content(16'384, static_cast<unsigned>(at)));
        at += got.size();
        stream.guest.run();
    }
    const auto names = stream.guest.take_all();
    REQUIRE_FALSE(names.empty());
    CHECK(names.back() == "CREDIT_UPDATE");
}

TEST_CASE("What the guest sent before it closed is handed over to a host's end that reads late") {
    VsockLimits limits;
    const bool in_time = GENERATE(true, false);
    limits.last_bytes = VsockLimits::Time(in_time ? 60'000 : 1);
    GuestStream stream(limits);
    const std::size_t sent = fill(stream.guest);
    stream.guest.send(VsockGuest::header(Op::kShutdown, 7, 1000, kShutdownBoth));
    CHECK(stream.guest.take_all().back() == "RST");
    CHECK(stream.guest.device().exchange().streams() == 0);
    std::size_t got = 0;
    if (!in_time) {
        ::usleep(2000);
        stream.guest.run();
    }
    while (!VsockGuest::at_end(stream.server)) {
        const std::size_t part = VsockGuest::read(stream.server, 4096).size();
        got += part;
        stream.guest.run();
        REQUIRE(part != 0);
    }
    CHECK((got == sent) == in_time);
}

TEST_CASE("Without receive buffers nothing is lost, and each stream's packets wait as a few bits") {
    GuestStream stream;
    while (stream.guest.take().has_value()) {
    }
    // All buffers that the device has been given are used up.
    VsockGuest& guest = stream.guest;
    guest.start();
    guest.send(VsockGuest::header(Op::kRequest, 7, 2000));
    const UniqueFd server = VsockGuest::accept(stream.listener);
    for (int i = 0; i < 100; ++i) {
        guest.send(VsockGuest::header(Op::kCreditRequest, 7, 2000));
    }
    VsockGuest::write(server, text_bytes("data"));
    guest.run();
    CHECK(guest.take_all().empty());
    guest.give_buffers(8);
    CHECK(guest.take_all() == Names{"RESPONSE", "RW 4"});
}

TEST_CASE("The driver's notifications are wanted only while packets wait for its buffers") {
    VsockGuest guest;
    test::DriverQueue& queue = *guest.queues.at(kRxQueue);
    guest.give_buffers(1);
    CHECK(queue.used_flags() == VIRTQ_USED_F_NO_NOTIFY);
    const UniqueFd first = guest.connect(52);
    CHECK(guest.take_all() == Names{"REQUEST"});
    CHECK(queue.used_flags() == VIRTQ_USED_F_NO_NOTIFY);
    const UniqueFd second = guest.connect(52);
    CHECK(queue.used_flags() == 0);
    guest.give_buffers(2);
    CHECK(guest.take_all() == Names{"REQUEST"});
    CHECK(queue.used_flags() == VIRTQ_USED_F_NO_NOTIFY);
}

TEST_CASE("Streams take turns") {
    VsockGuest guest;
    const UniqueFd listener = guest.listen(7);
    guest.send(VsockGuest::header(Op::kRequest, 7, 1));
    guest.send(VsockGuest::header(Op::kRequest, 7, 2));
    const UniqueFd first = VsockGuest::accept(listener);
    const UniqueFd second = VsockGuest::accept(listener);
    guest.give_buffers(2);
    CHECK(guest.take_all() == Names{"RESPONSE", "RESPONSE"});
    VsockGuest::write(first, content(40'000));
    VsockGuest::write(second, content(40'000));
    guest.run();
    guest.give_buffers(6);
    std::vector<std::uint32_t> ports;
    while (const auto packet = guest.take()) {
        ports.push_back(packet->header.dst_port);
    }
    CHECK(ports == std::vector<std::uint32_t>{1, 2, 1, 2, 1, 2});
}

TEST_CASE("There are so many streams and no more; one that ends makes room") {
    VsockLimits limits;
    limits.streams = 3;
    limits.large_streams = 2;
    VsockGuest guest(limits);
    guest.give_buffers(32);
    const UniqueFd listener = guest.listen(7);
    for (std::uint32_t port = 1; port <= 4; ++port) {
        guest.send(VsockGuest::header(Op::kRequest, 7, port));
    }
    std::vector<std::uint32_t> rooms;
    for (int i = 0; i < 3; ++i) {
        rooms.push_back(guest.take()->header.buf_alloc);
    }
    CHECK(rooms == std::vector<std::uint32_t>{limits.large_buffer, limits.large_buffer,
                                              limits.small_buffer});
    CHECK(guest.take_all() == Names{"RST"});
    const UniqueFd client = guest.connect(kPort);
    CHECK(VsockGuest::at_end(client));
    guest.send(VsockGuest::header(Op::kRst, 7, 2));
    guest.send(VsockGuest::header(Op::kRequest, 7, 5));
    CHECK(guest.take_all() == Names{"RESPONSE"});
}

TEST_CASE("Clients that say nothing are few, and their time is over soon") {
    VsockLimits limits;
    limits.handshakes = 2;
    limits.connect_line = VsockLimits::Time(5);
    VsockGuest guest(limits);
    guest.give_buffers(8);
    std::vector<UniqueFd> silent;
    for (int i = 0; i < 4; ++i) {
        silent.push_back(guest.connect());
    }
    const UniqueFd client = guest.connect();
    VsockGuest::write(client, text_bytes("CONNECT 52\n"));
    while (guest.take_all().empty()) {  // ctest's time limit ends a loop that never does
        guest.run();
    }
    for (const UniqueFd& fd : silent) {
        CHECK(VsockGuest::at_end(fd));
    }
    CHECK_FALSE(VsockGuest::at_end(client));
}

TEST_CASE("Where all places for silent clients are taken, the oldest of them makes room soon") {
    VsockLimits limits;
    limits.handshakes = 2;
    limits.connect_line = std::chrono::hours(1);
    limits.crowded_line = VsockLimits::Time(2);
    VsockGuest guest(limits);
    guest.give_buffers(8);
    const UniqueFd first = guest.connect();
    const UniqueFd second = guest.connect();
    const UniqueFd client = guest.connect();
    VsockGuest::write(client, text_bytes("CONNECT 52\n"));
    while (guest.take_all().empty()) {  // ctest's time limit ends a loop that never does
        guest.run();
    }
    CHECK(VsockGuest::at_end(first));
    CHECK_FALSE(VsockGuest::at_end(client));
}

TEST_CASE("A guest that never answers costs a client some time, and the guest gets an RST") {
    VsockLimits limits;
    limits.guest_answer = VsockLimits::Time(2);
    VsockGuest guest(limits);
    const bool has_buffers = GENERATE(true, false);
    guest.give_buffers(has_buffers ? 8 : 0);
    const UniqueFd client = guest.connect(kPort);
    while (!VsockGuest::at_end(client)) {
        guest.run();
    }
    guest.give_buffers(8);
    // Where it never heard of the stream there is nothing to reset.
    CHECK(guest.take_all() == (has_buffers ? Names{"REQUEST", "RST"} : Names{}));
    CHECK(guest.device().exchange().streams() == 0);
}

TEST_CASE("A guest that does not answer our goodbye gets an RST in the end") {
    VsockLimits limits;
    limits.guest_goodbye = VsockLimits::Time(2);
    HostStream stream(limits);
    stream.client.reset();
    stream.guest.run();
    CHECK(stream.guest.take_all() == Names{"SHUTDOWN 3"});
    while (stream.guest.device().exchange().streams() != 0) {
        stream.guest.run();
    }
    CHECK(stream.guest.take_all() == Names{"RST"});
}

TEST_CASE("An end of input is seen without credit, and data behind none is not") {
    VsockGuest guest;
    guest.give_buffers(8);
    const UniqueFd listener = guest.listen(7);
    PacketHeader request = VsockGuest::header(Op::kRequest, 7, 1);
    request.buf_alloc = 0;
    guest.send(request);
    UniqueFd server = VsockGuest::accept(listener);
    const bool with_data = GENERATE(true, false);
    if (with_data) {
        VsockGuest::write(server, text_bytes("data"));
    }
    server.reset();
    guest.run();
    CHECK(guest.take_all() ==
          (with_data ? Names{"RESPONSE", "CREDIT_REQUEST"} : Names{"RESPONSE", "SHUTDOWN 3"}));
}

}  // namespace
}  // namespace skiff::virtio::vsock
