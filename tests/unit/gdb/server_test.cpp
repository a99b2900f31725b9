// SPDX-License-Identifier: Apache-2.0
#include "vmm/gdb/server.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <string>

#include "tests/support/fake_debug_target.h"

using namespace skiff;
using skiff::test::FakeDebugTarget;

namespace {

struct Fixture {
    Fixture() : path("/tmp/skiff-gdb-test-" + std::to_string(::getpid())) {
        auto made = gdb::Server::listen(loop, target,
                                        {.kind = gdb::ListenAddress::Kind::kUnix, .path = path});
        REQUIRE(made.ok());
        server = std::move(*made);
    }

    UniqueFd connect() {
        UniqueFd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.data(), path.size());
        REQUIRE(::connect(client.get(), reinterpret_cast<const sockaddr*>(&address),
                          sizeof address) == 0);
        loop.run_until_idle();
        return client;
    }

    /// Sends bytes, lets the server work, and returns what it answered.
    std::string talk(const UniqueFd& client, const std::string& bytes) {
        REQUIRE(::write(client.get(), bytes.data(), bytes.size()) ==
                static_cast<ssize_t>(bytes.size()));
        loop.run_until_idle();
        return read(client);
    }
    static std::string read(const UniqueFd& client) {
        std::array<char, 4096> buffer;
        const ssize_t got = ::read(client.get(), buffer.data(), buffer.size());
        return got > 0 ? std::string(buffer.data(), static_cast<std::size_t>(got)) : "";
    }

    EventLoop loop = *EventLoop::create();
    FakeDebugTarget target;
    std::string path;
    std::unique_ptr<gdb::Server> server;
};

}  // namespace

TEST_CASE("A client is served once the machine stands for it") {
    Fixture fixture;
    const UniqueFd client = fixture.connect();
    CHECK(fixture.target.interrupts == 1);
    CHECK(fixture.talk(client, "$qC#b4").empty());
    fixture.server->stopped({});
    fixture.loop.run_until_idle();
    CHECK(Fixture::read(client) == "+$QC1#c5");
}

TEST_CASE("The second client waits until the first has left, and finds no breakpoints of it") {
    Fixture fixture;
    UniqueFd first = fixture.connect();
    fixture.server->stopped({});
    CHECK(fixture.talk(first, gdb::frame("Z0,1000,1")) == "+$OK#9a");
    const UniqueFd second = fixture.connect();
    CHECK(fixture.target.interrupts == 1);
    first.reset();
    fixture.loop.run_until_idle();
    CHECK(fixture.target.detaches == 1);
    CHECK(fixture.target.interrupts == 2);
    fixture.server->stopped({});
    CHECK(fixture.target.breakpoints.empty());
    CHECK(fixture.talk(second, "$qC#b4") == "+$QC1#c5");
}

TEST_CASE("A client that leaves while the machine runs leaves it as it was before") {
    Fixture fixture;
    UniqueFd client = fixture.connect();
    fixture.server->stopped({});
    fixture.talk(client, gdb::frame("c"));
    client.reset();
    fixture.loop.run_until_idle();
    CHECK(fixture.target.interrupts == 2);  // to take its breakpoints out
    CHECK(fixture.target.detaches == 0);
    fixture.server->stopped({});
    CHECK(fixture.target.detaches == 1);
}

TEST_CASE("A client that leaves before the machine stands leaves nothing behind") {
    Fixture fixture;
    UniqueFd client = fixture.connect();
    client.reset();
    fixture.loop.run_until_idle();
    CHECK_FALSE(fixture.server->has_client());
    fixture.server->stopped({});
    CHECK(fixture.target.detaches == 1);
}

TEST_CASE("A client that detaches is let go") {
    Fixture fixture;
    const UniqueFd client = fixture.connect();
    fixture.server->stopped({});
    CHECK(fixture.talk(client, gdb::frame("D")) == "+$OK#9a");
    CHECK_FALSE(fixture.server->has_client());
    CHECK(fixture.target.detaches == 1);
}

TEST_CASE("The end of the machine reaches the client that waits") {
    Fixture fixture;
    const UniqueFd client = fixture.connect();
    fixture.server->stopped({});
    fixture.talk(client, gdb::frame("c"));
    fixture.server->ended(3);
    CHECK(Fixture::read(client) == gdb::frame("W03"));
}

TEST_CASE("A client that asks and never reads is let go") {
    Fixture fixture;
    const UniqueFd client = fixture.connect();
    fixture.server->stopped({});
    const std::string question = gdb::frame("m1000,1000");
    for (int i = 0; i < 10000 && fixture.server->has_client(); ++i) {
        static_cast<void>(::send(client.get(), question.data(), question.size(), MSG_NOSIGNAL));
        fixture.loop.run_until_idle();
    }
    CHECK_FALSE(fixture.server->has_client());
}
