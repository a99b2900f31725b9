// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/address.h"

#include <catch2/catch.hpp>

using skiff::gdb::ListenAddress;
using skiff::gdb::parse_listen_address;
using skiff::gdb::remote_name;

TEST_CASE("A place to listen is a socket's path or a port of this host") {
    const auto unix_address = parse_listen_address("unix:/tmp/g");
    REQUIRE(unix_address.ok());
    CHECK(unix_address->kind == ListenAddress::Kind::kUnix);
    CHECK(remote_name(*unix_address) == "/tmp/g");

    const auto tcp = parse_listen_address("tcp:127.0.0.1:1234");
    REQUIRE(tcp.ok());
    CHECK(tcp->port == 1234);
    CHECK(remote_name(*tcp) == "127.0.0.1:1234");
}

TEST_CASE("Other hosts may not debug, and the error says what to do") {
    const auto outside = parse_listen_address("tcp:0.0.0.0:1234");
    REQUIRE_FALSE(outside.ok());
    CHECK(outside.error().message().find("ssh -L") != std::string::npos);
}

TEST_CASE("What is no place to listen is a user error") {
    for (const char* const text : {"", "unix:", "tcp:", "tcp:127.0.0.1", "tcp:127.0.0.1:",
                                   "tcp:127.0.0.1:65536", "tcp:127.0.0.1:x", "/tmp/g", "1234"}) {
        INFO(text);
        const auto address = parse_listen_address(text);
        REQUIRE_FALSE(address.ok());
        CHECK(address.error().kind() == skiff::ErrorKind::kUser);
    }
}
