// SPDX-License-Identifier: Apache-2.0
// The small parts of the socket device: CONNECT lines, waiting bytes, names of sockets.
#include <catch2/catch.hpp>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "tests/support/temporary_folder.h"
#include "virtio/vsock/byte_ring.h"
#include "virtio/vsock/connect_line.h"
#include "virtio/vsock/vsock_options.h"

namespace skiff::virtio::vsock {
namespace {

using State = ConnectLine::State;

TEST_CASE("A CONNECT line names a port; what comes behind it is not looked at") {
    struct Row {
        const char* text;
        std::uint32_t port;
        std::size_t size;
    };
    const auto row = GENERATE(values<Row>({
        {"CONNECT 0\n", 0, 10},
        {"CONNECT 52\n", 52, 11},
        {"CONNECT 4294967295\n", 4294967295, 19},
        {"CONNECT 7\nCONNECT 8\n", 7, 10},
        {"CONNECT 0000000007\n", 7, 19},
    }));
    const ConnectLine line = parse_connect_line(row.text);
    CHECK(line.state == State::kPort);
    CHECK(line.port == row.port);
    CHECK(line.size == row.size);
}

TEST_CASE("Every beginning of a CONNECT line may become one") {
    const std::string line = "CONNECT 4294967295\n";
    for (std::size_t size = 0; size < line.size(); ++size) {
        CHECK(parse_connect_line(line.substr(0, size)).state == State::kIncomplete);
    }
}

TEST_CASE("What is no CONNECT line is seen at its first wrong byte") {
    const auto text = GENERATE(values<std::string>({
        "X",
        "connect 5\n",
        "CONNECT\n",
        "CONNECT5\n",
        "CONNECT \n",
        "CONNECT 5 \n",
        "CONNECT  5\n",
        "CONNECT -1\n",
        "CONNECT +1\n",
        "CONNECT 0x5\n",
        "CONNECT 5\r\n",
        "CONNECT 4294967296\n",
        "CONNECT 99999999999",
        "CONNECT 00000000007\n",
        "\n",
        "GET / HTTP",
    }));
    CHECK(parse_connect_line(text.substr(0, kMaxConnectLine)).state == State::kMalformed);
}

void append(ByteRing& ring, const std::string& text) {
    std::size_t from = 0;
    for (const iovec& place : ring.append(text.size())) {
        std::memcpy(place.iov_base, text.data() + from, place.iov_len);
        from += place.iov_len;
    }
    CHECK(from == text.size());
}

std::string content(const ByteRing& ring) {
    std::string all;
    for (const iovec& piece : ring.content()) {
        all.append(static_cast<const char*>(piece.iov_base), piece.iov_len);
    }
    return all;
}

TEST_CASE("Waiting bytes come out in order, around the end of their ring") {
    ByteRing ring(10);
    CHECK(ring.empty());
    append(ring, "abcdefgh");
    ring.consume(6);
    append(ring, "ijklmnop");
    CHECK(ring.room() == 0);
    CHECK(content(ring) == "ghijklmnop");
    ring.consume(3);
    append(ring, "qrs");
    CHECK(content(ring) == "jklmnopqrs");
    ring.consume(10);
    CHECK(ring.empty());
    CHECK(content(ring).empty());
    append(ring, "0123456789");
    CHECK(content(ring) == "0123456789");
}

TEST_CASE("A socket's path leaves room for every port behind it") {
    CHECK(check_socket_path("/" + std::string(95, 'a')).ok());
    const auto too_long = check_socket_path("/" + std::string(96, 'a'));
    REQUIRE_FALSE(too_long.ok());
    CHECK(too_long.error().kind() == ErrorKind::kUser);
    CHECK(too_long.error().message().find("at most 96") != std::string::npos);
    CHECK_FALSE(check_socket_path("").ok());
    CHECK(socket_path_of_port("/tmp/v.sock", 4294967295) == "/tmp/v.sock_4294967295");
}

}  // namespace
}  // namespace skiff::virtio::vsock
