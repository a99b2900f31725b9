// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <catch2/catch.hpp>

#include <string>
#include <vector>

#include "tests/support/vsock_guest.h"

namespace skiff::virtio::vsock {

using test::Bytes;
using test::text_bytes;
using test::text_of;
using test::VsockGuest;
using Names = std::vector<std::string>;

inline constexpr std::uint32_t kPort = 52;         // of the guest
inline constexpr std::uint32_t kFirst = 1U << 30;  // the first port of the host

inline Bytes content(std::size_t size, unsigned seed = 1) {
    Bytes bytes(size);
    for (std::size_t i = 0; i < size; ++i) {
        bytes[i] = static_cast<std::uint8_t>(i * 7 + i / 251 + seed);
    }
    return bytes;
}

/// A guest with receive buffers and a stream that a client of the host has made.
struct HostStream {
    explicit HostStream(const VsockLimits& limits = {}) : guest(limits) {
        guest.give_buffers(64);
        client = guest.connect(kPort);
        REQUIRE(guest.take_all() == Names{"REQUEST"});
        guest.send(VsockGuest::header(Op::kResponse, kFirst, kPort));
        REQUIRE(text_of(VsockGuest::read(client)) == "OK 1073741824\n");
    }
    void send(const Bytes& bytes) {
        guest.send(VsockGuest::data_header(kFirst, kPort, bytes.size()), bytes);
    }
    VsockGuest guest;
    UniqueFd client;
};

/// The same, made by the guest.
struct GuestStream {
    explicit GuestStream(const VsockLimits& limits = {})
        : guest(limits), listener(guest.listen(7)) {
        guest.give_buffers(64);
        guest.send(VsockGuest::header(Op::kRequest, 7, 1000));
        REQUIRE(guest.take_all() == Names{"RESPONSE"});
        server = VsockGuest::accept(listener);
        REQUIRE(server.valid());
    }
    VsockGuest guest;
    UniqueFd listener;
    UniqueFd server;
};

}  // namespace skiff::virtio::vsock
