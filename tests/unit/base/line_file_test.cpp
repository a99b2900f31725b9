// SPDX-License-Identifier: Apache-2.0
#include "base/line_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>

#include "tests/support/temporary_folder.h"

using namespace skiff;

namespace {

std::string content(const std::string& path) {
    std::ifstream stream(path);
    return {std::istreambuf_iterator<char>(stream), {}};
}

/// A FIFO with a reader that reads only when it is told to.
struct Fifo {
    test::TemporaryFolder folder;
    std::string path = folder.path() + "/fifo";
    UniqueFd reader;

    Fifo() {
        REQUIRE(::mkfifo(path.c_str(), 0600) == 0);
        reader.reset(::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
    }
    /// All that is in it.
    std::string read() {
        std::string text;
        std::array<char, 4096> buffer{};
        ssize_t count = 0;
        while ((count = ::read(reader.get(), buffer.data(), buffer.size())) > 0) {
            text.append(buffer.data(), static_cast<std::size_t>(count));
        }
        return text;
    }
};

}  // namespace

TEST_CASE("A line file appends to what is there") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/lines";
    for (const char* const line : {"one\n", "two\n"}) {
        auto file = LineFile::open(path, "the log file");
        REQUIRE(file.ok());
        CHECK((*file)->write(line));
    }
    CHECK(content(path) == "one\ntwo\n");
}

TEST_CASE("A FIFO that nobody reads loses lines, counted, and takes them again when it is read") {
    Fifo fifo;
    auto file = LineFile::open(fifo.path, "the log file");
    REQUIRE(file.ok());
    const std::string line(1000, 'x');
    std::uint64_t written = 0;
    while ((*file)->write(line)) {
        ++written;
    }
    CHECK(written > 0);
    CHECK_FALSE((*file)->write(line));
    CHECK((*file)->lost_lines() == 2);
    fifo.read();
    CHECK((*file)->write(line));
    CHECK((*file)->lost_lines() == 2);
}

TEST_CASE("After a line that a FIFO took only a part of, the next one begins at the left") {
    Fifo fifo;
    auto file = LineFile::open(fifo.path, "the log file");
    REQUIRE(file.ok());
    const std::string large = std::string(100'000, 'x') + "\n";  // more than a pipe takes
    CHECK_FALSE((*file)->write(large));
    CHECK_FALSE((*file)->write("lost\n"));
    const std::string part = fifo.read();
    CHECK(part.size() < large.size());
    CHECK((*file)->write("whole\n"));
    CHECK(fifo.read() == "\nwhole\n");
    CHECK((*file)->lost_lines() == 2);
}

TEST_CASE("Files that were moved away are written no more once all are reopened") {
    const test::TemporaryFolder folder;
    const std::string path = folder.path() + "/lines";
    auto file = LineFile::open(path, "the log file");
    REQUIRE(file.ok());
    REQUIRE(LineFile::any_can_be_reopened());
    CHECK((*file)->write("one\n"));
    REQUIRE(std::rename(path.c_str(), (path + ".1").c_str()) == 0);
    CHECK((*file)->write("two\n"));
    const LineFile::Reopened reopened = LineFile::reopen_all();
    CHECK(reopened.files == 1);
    CHECK(reopened.failures.empty());
    CHECK((*file)->write("three\n"));
    CHECK(content(path + ".1") == "one\ntwo\n");
    CHECK(content(path) == "three\n");
}

TEST_CASE("A file that cannot be reopened is written on, and said") {
    test::TemporaryFolder folder;
    const std::string path = folder.path() + "/lines";
    auto file = LineFile::open(path, "the log file");
    REQUIRE(file.ok());
    REQUIRE(std::rename(path.c_str(), (path + ".1").c_str()) == 0);
    REQUIRE(::mkdir(path.c_str(), 0700) == 0);
    const LineFile::Reopened reopened = LineFile::reopen_all();
    REQUIRE(reopened.failures.size() == 1);
    CHECK(reopened.failures.front().message() ==
          "cannot open the log file '" + path + "': Is a directory");
    CHECK((*file)->write("on\n"));
    CHECK(content(path + ".1") == "on\n");
    ::rmdir(path.c_str());
}

TEST_CASE("Without a file there is nothing to reopen") {
    const auto errors = LineFile::standard_error();
    CHECK_FALSE(LineFile::any_can_be_reopened());
}

TEST_CASE("A line file that cannot be opened is the user's error, with its name") {
    const auto file = LineFile::open("/no/such/folder/log", "the log file");
    REQUIRE_FALSE(file.ok());
    CHECK(file.error().kind() == ErrorKind::kUser);
    CHECK(file.error().message() ==
          "cannot open the log file '/no/such/folder/log': No such file or directory");
}
