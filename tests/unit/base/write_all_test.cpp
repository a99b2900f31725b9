// SPDX-License-Identifier: Apache-2.0
#include "base/write_all.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cerrno>
#include <string>
#include <thread>

#include "base/unique_fd.h"

using namespace skiff;

TEST_CASE("All bytes are written where a pipe takes only some at a time") {
    std::array<int, 2> ends{};
    REQUIRE(::pipe2(ends.data(), O_CLOEXEC) == 0);
    const UniqueFd reader(ends[0]);
    UniqueFd writer(ends[1]);
    std::string sent(300'000, '\0');  // more than a pipe holds
    for (std::size_t i = 0; i < sent.size(); ++i) {
        sent[i] = static_cast<char>(i * 7 + i / 251);
    }
    std::string received;
    std::thread thread([&] {
        std::array<char, 1000> part{};
        ssize_t got = 0;
        while ((got = ::read(reader.get(), part.data(), part.size())) > 0) {
            received.append(part.data(), static_cast<std::size_t>(got));
        }
    });
    const int failure = write_all(writer.get(), sent);
    writer.reset();
    thread.join();
    CHECK(failure == 0);
    CHECK(received == sent);
}

TEST_CASE("A write that fails is told by its errno") {
    const UniqueFd read_only(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    REQUIRE(read_only.valid());
    CHECK(write_all(read_only.get(), "x") == EBADF);
    CHECK(write_all(read_only.get(), "") == 0);
}
