// SPDX-License-Identifier: Apache-2.0
#include "base/child_process.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstdlib>

namespace {

using skiff::ChildProcess;
using skiff::UniqueFd;

constexpr int kLimitMs = 10'000;

ChildProcess start_shell(const std::string& script, std::vector<int> inherited = {}) {
    auto child = ChildProcess::start(
        {.path = "/bin/sh", .arguments = {"sh", "-c", script}, .inherited = std::move(inherited)});
    REQUIRE(child.ok());
    return std::move(child).value();
}

bool becomes_readable(int fd) {
    pollfd entry{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&entry, 1, kLimitMs) == 1;
}

/// Everything that comes from a pipe up to its end.
std::string all_of(int fd) {
    std::string text;
    std::array<char, 512> part{};
    while (becomes_readable(fd)) {
        const ssize_t got = ::read(fd, part.data(), part.size());
        if (got <= 0) {
            break;
        }
        text.append(part.data(), static_cast<std::size_t>(got));
    }
    return text;
}

std::string output_of(const ChildProcess& child) {
    return all_of(child.output_fd());
}

std::string first_line_of(const ChildProcess& child) {
    REQUIRE(becomes_readable(child.output_fd()));
    std::array<char, 512> part{};
    const ssize_t got = ::read(child.output_fd(), part.data(), part.size());
    return {part.data(), static_cast<std::size_t>(got)};
}

UniqueFd pidfd_of(pid_t pid) {
    return UniqueFd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

}  // namespace

TEST_CASE("A child says what it writes and how it ended, once") {
    ChildProcess child = start_shell("echo out; echo err >&2; exit 7");
    CHECK(output_of(child) == "out\nerr\n");
    REQUIRE(becomes_readable(child.exit_fd()));
    const auto end = child.take_end();
    REQUIRE(end.has_value());
    CHECK(end->describe() == "status 7");
    CHECK_FALSE(child.take_end().has_value());
}

TEST_CASE("A child that runs has no end, and a signal is told by number and name") {
    ChildProcess child = start_shell("echo $$; exec sleep 1000");
    const pid_t pid = std::stoi(first_line_of(child));
    CHECK_FALSE(child.take_end().has_value());
    ::kill(pid, SIGTERM);
    REQUIRE(becomes_readable(child.exit_fd()));
    const auto end = child.take_end();
    REQUIRE(end.has_value());
    CHECK(end->describe() == "signal 15 (Terminated)");
}

TEST_CASE("A child's errors can be apart, in another folder, with other variables") {
    ::setenv("SKIFF_TEST_KEPT", "kept", 1);
    ::setenv("SKIFF_TEST_OTHER", "ours", 1);
    auto child = ChildProcess::start(
        {.path = "/bin/sh",
         .arguments = {"sh", "-c", "pwd; echo $SKIFF_TEST_KEPT $SKIFF_TEST_OTHER >&2"},
         .environment = {"SKIFF_TEST_OTHER=theirs"},
         .folder = "/usr",
         .errors = ChildProcess::Errors::kApart});
    REQUIRE(child.ok());
    CHECK(all_of(child->output_fd()) == "/usr\n");
    CHECK(all_of(child->errors_fd()) == "kept theirs\n");
}

TEST_CASE("A child gets a signal, and a folder that is not there is named") {
    ChildProcess child = start_shell("exec sleep 1000");
    child.signal(SIGTERM);
    REQUIRE(becomes_readable(child.exit_fd()));
    CHECK(child.take_end()->by_signal);
    const auto nowhere =
        ChildProcess::start({.path = "/bin/true", .arguments = {"true"}, .folder = "/none/such"});
    REQUIRE_FALSE(nowhere.ok());
    CHECK_THAT(nowhere.error().message(), Catch::Contains("/none/such"));
}

TEST_CASE("A child ends with its object") {
    pid_t pid = 0;
    {
        const ChildProcess child = start_shell("echo $$; exec sleep 1000");
        pid = std::stoi(first_line_of(child));
        CHECK(::kill(pid, 0) == 0);
    }
    CHECK(::kill(pid, 0) == -1);
}

TEST_CASE("A child that is assigned over ends") {
    ChildProcess child = start_shell("echo $$; exec sleep 1000");
    const pid_t pid = std::stoi(first_line_of(child));
    child = start_shell("exit 3");
    CHECK(::kill(pid, 0) == -1);
    REQUIRE(becomes_readable(child.exit_fd()));
    const auto end = child.take_end();
    REQUIRE(end.has_value());
    CHECK(end->describe() == "status 3");
}

TEST_CASE("A child ends with whoever started it, also where that is killed") {
    std::array<int, 2> pipe_ends{};
    REQUIRE(::pipe(pipe_ends.data()) == 0);
    const UniqueFd reading(pipe_ends[0]);
    UniqueFd writing(pipe_ends[1]);
    const pid_t parent = ::fork();
    REQUIRE(parent >= 0);
    if (parent == 0) {
        const auto child =
            ChildProcess::start({.path = "/bin/sh",
                                 .arguments = {"sh", "-c", "echo $$ >&2; sleep 1000"},
                                 .inherited = {}});
        std::array<char, 64> pid{};
        while (child.ok() && ::read(child->output_fd(), pid.data(), pid.size()) < 0) {
        }
        if (::write(writing.get(), pid.data(), pid.size()) > 0) {
            ::pause();
        }
        ::_exit(1);
    }
    writing.reset();
    std::array<char, 64> text{};
    REQUIRE(::read(reading.get(), text.data(), text.size()) > 0);
    const UniqueFd child = pidfd_of(std::atoi(text.data()));
    REQUIRE(child.valid());
    ::kill(parent, SIGKILL);
    CHECK(::waitpid(parent, nullptr, 0) == parent);
    CHECK(becomes_readable(child.get()));
}

TEST_CASE("A child gets the descriptors that are named, and no others") {
    // Numbers that the shell has no use for.
    const UniqueFd event(::eventfd(0, EFD_CLOEXEC));
    const UniqueFd named(::fcntl(event.get(), F_DUPFD_CLOEXEC, 100));
    const UniqueFd other(::fcntl(event.get(), F_DUPFD_CLOEXEC, 100));
    const ChildProcess child = start_shell(
        "for f in /proc/self/fd/*; do echo \" ${f##*/} \"; done; "
        "readlink /proc/self/fd/0",
        {named.get()});
    const std::string text = output_of(child);
    CHECK(text.find(" " + std::to_string(named.get()) + " ") != std::string::npos);
    CHECK(text.find(" " + std::to_string(other.get()) + " ") == std::string::npos);
    CHECK(text.find("/dev/null\n") != std::string::npos);
}

TEST_CASE("A child has default signals and a group of its own, whatever ours are") {
    sigset_t blocked;
    sigset_t before;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &blocked, &before);
    const auto pipe_before = ::signal(SIGPIPE, SIG_IGN);
    const ChildProcess child = start_shell(
        "grep -E '^Sig(Blk|Ign|Cgt)' /proc/self/status; read -r a b c d group e "
        "</proc/$$/stat; test $group = $$ && echo alone");
    ::signal(SIGPIPE, pipe_before);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    const std::string text = output_of(child);
    CHECK(text.find("SigBlk:\t0000000000000000") != std::string::npos);
    CHECK(text.find("SigIgn:\t0000000000000000") != std::string::npos);
    CHECK(text.find("alone") != std::string::npos);
}

TEST_CASE("What cannot be run is an error with its path") {
    const auto child =
        ChildProcess::start({.path = "/no/such/program", .arguments = {"x"}, .inherited = {}});
    REQUIRE_FALSE(child.ok());
    CHECK(child.error().message().find("/no/such/program") != std::string::npos);
    CHECK(child.error().errno_value() == ENOENT);
}

TEST_CASE("A program is found by PATH, or is a path itself") {
    CHECK(skiff::find_program("sh").ends_with("/sh"));
    CHECK(skiff::find_program("/bin/sh") == "/bin/sh");
    CHECK(skiff::find_program("no-such-program-at-all").empty());
    CHECK(skiff::find_program("/etc/passwd").empty());
}
