// SPDX-License-Identifier: Apache-2.0
#include "base/unix_listener.h"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <utility>

#include "tests/support/temporary_folder.h"

using namespace skiff;

TEST_CASE(
    "A listening socket takes the place of a dead one, of nothing else, and goes at its end") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/sock";
    {
        auto first = UnixListener::listen(path, "--option");
        REQUIRE(first.ok());
        const auto second = UnixListener::listen(path, "--option");
        REQUIRE_FALSE(second.ok());
        CHECK(second.error().kind() == ErrorKind::kUser);
        CHECK(second.error().message().find("another process listens") != std::string::npos);
    }
    CHECK_FALSE(std::filesystem::exists(path));
    const auto other = UnixListener::listen(folder.path(), "--option");
    REQUIRE_FALSE(other.ok());
    CHECK(other.error().message().find("not a socket") != std::string::npos);
    CHECK(std::filesystem::exists(folder.path()));
    CHECK_FALSE(UnixListener::listen(folder.path() + "/does/not/exist", "--option").ok());
}

TEST_CASE("A socket that nobody listens on is replaced, and a new one's name is not removed") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/sock";
    auto first = UnixListener::listen(path, "--option");
    REQUIRE(first.ok());
    std::filesystem::create_hard_link(path, path + ".stale");
    { const UnixListener ended = std::move(*first); }
    CHECK_FALSE(std::filesystem::exists(path));
    std::filesystem::rename(path + ".stale", path);
    {
        auto second = UnixListener::listen(path, "--option");
        REQUIRE(second.ok());
        std::filesystem::remove(path);
        std::ofstream(path) << "another's";
    }
    CHECK(std::filesystem::exists(path));
    std::filesystem::remove(path);
}

TEST_CASE("A path that cannot be a socket's name is the user's error") {
    for (const std::string& path : {std::string(), std::string(108, 'a')}) {
        const auto listener = UnixListener::listen(path, "--option");
        REQUIRE_FALSE(listener.ok());
        CHECK(listener.error().kind() == ErrorKind::kUser);
        CHECK(listener.error().message().find("--option: a socket's path has 1 to 107 bytes") !=
              std::string::npos);
    }
}
