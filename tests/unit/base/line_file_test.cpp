// SPDX-License-Identifier: Apache-2.0
#include "base/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/temporary_folder.h"

using namespace skiff;

TEST_CASE("A line file appends to what is there") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/lines";
    for (const char* const line : {"one\n", "two\n"}) {
        auto file = LineFile::open(path, "the log file");
        REQUIRE(file.ok());
        CHECK(file->write(line));
    }
    std::ifstream stream(path);
    const std::string text{std::istreambuf_iterator<char>(stream), {}};
    CHECK(text == "one\ntwo\n");
}

TEST_CASE("A FIFO that nobody reads loses lines, counted, and takes them again when it is read") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/fifo";
    REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
    auto file = LineFile::open(path, "the log file");
    REQUIRE(file.ok());
    const std::string line(1000, 'x');
    std::uint64_t written = 0;
    while (file->write(line)) {
        ++written;
    }
    CHECK(written > 0);
    CHECK_FALSE(file->write(line));
    CHECK(file->lost_lines() == 2);
    const UniqueFd reader(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    std::array<char, 65536> buffer;
    CHECK(::read(reader.get(), buffer.data(), buffer.size()) > 0);
    CHECK(file->write(line));
    CHECK(file->lost_lines() == 2);
}

TEST_CASE("A line file that cannot be opened is the user's error, with its name") {
    const auto file = LineFile::open("/no/such/folder/log", "the log file");
    REQUIRE_FALSE(file.ok());
    CHECK(file.error().kind() == ErrorKind::kUser);
    CHECK(file.error().message() ==
          "cannot open the log file '/no/such/folder/log': No such file or directory");
}
