// SPDX-License-Identifier: Apache-2.0
// The socket device between a guest that keeps the rules and programs of the host.
#include "virtio/vsock/vsock_device.h"

#include <catch2/catch.hpp>

#include <sys/socket.h>
#include <unistd.h>

#include "vsock_streams.h"

namespace skiff::virtio::vsock {
namespace {

TEST_CASE("The configuration space has the guest's context id, and cannot be written") {
    VsockGuest guest;
    guest.driver->try_write(0x100, 4, 99);
    CHECK(guest.driver->read_config(0, 8) == Bytes{VsockGuest::kCid, 0, 0, 0, 0, 0, 0, 0});
    CHECK((guest.driver->offered_features() & 7) == VIRTIO_VSOCK_F_STREAM);
}

TEST_CASE("A client of the host reaches a port of the guest, with what it sent behind its line") {
    VsockGuest guest;
    guest.give_buffers(8);
    const UniqueFd client = guest.connect();
    VsockGuest::write(client, text_bytes("CONNECT 5"));
    guest.run();
    VsockGuest::write(client, text_bytes("2\nearly"));
    guest.run();
    const auto request = guest.take();
    REQUIRE(request.has_value());
    CHECK(request->op() == Op::kRequest);
    CHECK(request->header.src_cid == kHostCid);
    CHECK(request->header.dst_cid == VsockGuest::kCid);
    CHECK(request->header.src_port == kFirst);
    CHECK(request->header.dst_port == kPort);
    CHECK(request->header.type == 1);
    CHECK(request->header.buf_alloc == VsockLimits{}.large_buffer);
    CHECK_FALSE(guest.take().has_value());
    CHECK(VsockGuest::read(client).empty());
    guest.send(VsockGuest::header(Op::kResponse, kFirst, kPort));
    CHECK(text_of(VsockGuest::read(client)) == "OK 1073741824\n");
    const auto data = guest.take();
    REQUIRE(data.has_value());
    CHECK(text_of(data->payload) == "early");
    guest.send(VsockGuest::data_header(kFirst, kPort, 5), text_bytes("later"));
    CHECK(text_of(VsockGuest::read(client)) == "later");
    CHECK(guest.device().counters().streams_from_host.value() == 1);
    CHECK(guest.device().counters().bytes_to_guest.value() == 5);
    CHECK(guest.device().counters().bytes_from_guest.value() == 5);
}

TEST_CASE("A client is closed when the guest refuses") {
    VsockGuest guest;
    guest.give_buffers(8);
    const UniqueFd client = guest.connect(kPort);
    CHECK(guest.take_all() == Names{"REQUEST"});
    guest.send(VsockGuest::header(Op::kRst, kFirst, kPort));
    CHECK(VsockGuest::at_end(client));
    CHECK(guest.take_all().empty());
    CHECK(guest.device().exchange().streams() == 0);
}

TEST_CASE("A client that talks nonsense, or leaves, is closed and the guest hears nothing") {
    VsockGuest guest;
    guest.give_buffers(8);
    const auto text = GENERATE(values<std::string>(
        {"HELLO\n", "CONNECT 52", "CONNECT 99999999999", "CONNECT", "", "\n\n\n"}));
    const UniqueFd client = guest.connect();
    VsockGuest::write(client, text_bytes(text));
    ::shutdown(client.get(), SHUT_WR);
    guest.run();
    CHECK(VsockGuest::at_end(client));
    CHECK(guest.take_all().empty());
}

TEST_CASE("A client that leaves before the guest has answered leaves nothing behind") {
    VsockGuest guest;
    guest.give_buffers(8);
    UniqueFd client = guest.connect(kPort);
    CHECK(guest.take_all() == Names{"REQUEST"});
    client.reset();
    guest.run();
    CHECK(guest.take_all() == Names{"RST"});
    CHECK(guest.device().exchange().streams() == 0);
}

TEST_CASE("The guest's connection arrives at the socket of its port") {
    GuestStream stream;
    stream.guest.send(VsockGuest::data_header(7, 1000, 5), text_bytes("hello"));
    CHECK(text_of(VsockGuest::read(stream.server)) == "hello");
    VsockGuest::write(stream.server, text_bytes("answer"));
    stream.guest.run();
    const auto data = stream.guest.take();
    REQUIRE(data.has_value());
    CHECK(data->header.src_port == 7);
    CHECK(data->header.dst_port == 1000);
    CHECK(data->header.fwd_cnt == 5);
    CHECK(text_of(data->payload) == "answer");
    CHECK(stream.guest.device().counters().streams_from_guest.value() == 1);
}

TEST_CASE("The guest's connection to where nobody listens is refused") {
    VsockGuest guest;
    guest.give_buffers(8);
    guest.send(VsockGuest::header(Op::kRequest, 8, 1000));
    const auto answer = guest.take();
    REQUIRE(answer.has_value());
    CHECK(answer->op() == Op::kRst);
    CHECK(answer->header.src_port == 8);
    CHECK(answer->header.dst_port == 1000);
    CHECK(guest.device().counters().refused.value() == 1);
}

TEST_CASE("A payload larger than a buffer comes in several packets, in order") {
    HostStream stream;
    const Bytes sent = content(20'000);
    VsockGuest::write(stream.client, sent);
    stream.guest.run();
    Bytes got;
    unsigned packets = 0;
    while (const auto packet = stream.guest.take()) {
        got.insert(got.end(), packet->payload.begin(), packet->payload.end());
        ++packets;
    }
    CHECK(got == sent);
    CHECK(packets == 5);
}

TEST_CASE("The host's half close is the guest's end of input, and the guest may go on sending") {
    HostStream stream;
    VsockGuest::write(stream.client, text_bytes("last"));
    ::shutdown(stream.client.get(), SHUT_WR);
    stream.guest.run();
    CHECK(stream.guest.take_all() == Names{"RW 4", "SHUTDOWN 2"});
    stream.send(text_bytes("still"));
    CHECK(text_of(VsockGuest::read(stream.client)) == "still");
    stream.client.reset();
    stream.guest.run();
    CHECK(stream.guest.take_all() == Names{"SHUTDOWN 3"});
    stream.guest.send(VsockGuest::header(Op::kRst, kFirst, kPort));
    CHECK(stream.guest.device().exchange().streams() == 0);
}

TEST_CASE("The guest's half close is the host's end of input, and the host may go on sending") {
    GuestStream stream;
    stream.guest.send(VsockGuest::data_header(7, 1000, 4), text_bytes("last"));
    stream.guest.send(VsockGuest::header(Op::kShutdown, 7, 1000, VIRTIO_VSOCK_SHUTDOWN_F_SEND));
    CHECK(text_of(VsockGuest::read(stream.server)) == "last");
    CHECK(VsockGuest::at_end(stream.server));
    VsockGuest::write(stream.server, text_bytes("still"));
    stream.guest.run();
    CHECK(stream.guest.take_all() == Names{"RW 5"});
    stream.server.reset();
    stream.guest.run();
    CHECK(stream.guest.take_all() == Names{"SHUTDOWN 3"});
}

TEST_CASE("A guest that closes is answered by an RST, and the host reads to the end") {
    GuestStream stream;
    stream.guest.send(VsockGuest::data_header(7, 1000, 3), text_bytes("bye"));
    stream.guest.send(VsockGuest::header(Op::kShutdown, 7, 1000, kShutdownBoth));
    CHECK(stream.guest.take_all() == Names{"RST"});
    CHECK(text_of(VsockGuest::read(stream.server)) == "bye");
    CHECK(VsockGuest::at_end(stream.server));
    CHECK(stream.guest.device().exchange().streams() == 0);
}

TEST_CASE("A guest that does not receive any more gets nothing, and the host learns it") {
    GuestStream stream;
    stream.guest.send(VsockGuest::header(Op::kShutdown, 7, 1000, VIRTIO_VSOCK_SHUTDOWN_F_RECEIVE));
    CHECK(::send(stream.server.get(), "x", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0);
    stream.guest.run();
    stream.guest.send(VsockGuest::data_header(7, 1000, 5), text_bytes("still"));
    CHECK(text_of(VsockGuest::read(stream.server)) == "still");
}

TEST_CASE("A host's end that reads no more ends that direction for the guest, without a stall") {
    GuestStream stream;
    ::shutdown(stream.server.get(), SHUT_RD);
    stream.guest.send(VsockGuest::data_header(7, 1000, 5), text_bytes("hello"));
    CHECK(stream.guest.take_all() == Names{"SHUTDOWN 1"});
    for (int i = 0; i < 8; ++i) {
        stream.guest.send(VsockGuest::data_header(7, 1000, 60'000), content(60'000));
    }
    // Counted as read, so that a guest which does not hear goes on and sees the end.
    CHECK(stream.guest.take_all() ==
          Names{"CREDIT_UPDATE", "CREDIT_UPDATE", "CREDIT_UPDATE", "CREDIT_UPDATE"});
}

TEST_CASE("A host's end that was closed with unread data resets the stream") {
    GuestStream stream;
    stream.guest.send(VsockGuest::data_header(7, 1000, 5), text_bytes("hello"));
    stream.server.reset();
    stream.guest.run();
    CHECK(stream.guest.take_all() == Names{"RST"});
    CHECK(stream.guest.device().exchange().streams() == 0);
}

TEST_CASE("A reset ends all streams and restores the constructed state; the listener stays") {
    HostStream stream;
    VsockGuest& guest = stream.guest;
    const UniqueFd listener = guest.listen(7);
    guest.send(VsockGuest::header(Op::kRequest, 7, 1000));
    const UniqueFd server = VsockGuest::accept(listener);
    guest.send(VsockGuest::data_header(99, 98, 0));  // an RST is owed for it
    const UniqueFd silent = guest.connect();
    guest.start();
    CHECK(guest.device().exchange().streams() == 0);
    CHECK_FALSE(guest.device().exchange().has_packets());
    CHECK(VsockGuest::at_end(stream.client));
    CHECK(VsockGuest::at_end(server));
    guest.give_buffers(8);
    CHECK(guest.take_all().empty());
    // Ports begin anew, and who was about to ask may do so.
    VsockGuest::write(silent, text_bytes("CONNECT 52\n"));
    guest.run();
    const auto request = guest.take();
    REQUIRE(request.has_value());
    CHECK(request->header.src_port == kFirst);
    CHECK(request->header.fwd_cnt == 0);
}

TEST_CASE("A driver that resets one queue keeps its streams") {
    HostStream stream;
    VsockGuest& guest = stream.guest;
    guest.start();  // with RING_RESET this time
    guest.driver->write(0x070, 0);
    REQUIRE(guest.driver->negotiate(VIRTIO_F_VERSION_1 | VIRTIO_F_RING_RESET));
    for (std::uint32_t i = 0; i < 3; ++i) {
        REQUIRE(guest.driver->set_up_queue(i, guest.queues.at(i)->layout()));
    }
    guest.driver->driver_ok();
    const UniqueFd client = guest.connect(kPort);
    guest.driver->write(0x030, kRxQueue);
    guest.driver->write(0x0c0, 1);
    guest.run();
    guest.queues[kRxQueue] = std::make_unique<test::DriverQueue>(
        guest.memory, GuestAddress(120 * kMiB), 4 * kMiB, VsockGuest::kEntries);
    REQUIRE(guest.driver->set_up_queue(kRxQueue, guest.queues[kRxQueue]->layout()));
    guest.give_buffers(4);
    CHECK(guest.take_all() == Names{"REQUEST"});
}

TEST_CASE("An interrupted transport ends the streams and is an event for the driver") {
    HostStream stream;
    CHECK_FALSE(stream.guest.device().interrupt_transport());
    CHECK(VsockGuest::at_end(stream.client));
    test::DriverQueue& events = *stream.guest.queues[kEventQueue];
    const auto buffer = events.chain().writable(4).submit();
    stream.guest.notify(kEventQueue);
    CHECK_FALSE(events.take_used().has_value());  // kept until there is one
    CHECK(stream.guest.device().interrupt_transport());
    CHECK(events.take_used() == test::DriverQueue::Used{buffer.head, 4});
    CHECK(events.written(buffer) == Bytes{0, 0, 0, 0});
}

TEST_CASE("A stream from the host is counted as one") {
    HostStream stream;
    CHECK(stream.guest.device().exchange().streams() == 1);
    const VsockCounters& counters = stream.guest.device().counters();
    CHECK(counters.streams_from_host.value() == 1);
    CHECK(counters.streams_from_guest.value() == 0);
    CHECK(counters.refused.value() == 0);
}

}  // namespace
}  // namespace skiff::virtio::vsock
