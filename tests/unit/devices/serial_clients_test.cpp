// SPDX-License-Identifier: Apache-2.0
// Host sides whose reader comes and goes: a socket and a pseudo-terminal.
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>

#include <cstring>

#include "running_console.h"

using namespace skiff;
using namespace skiff::devices;
using namespace skiff::devices::test;

namespace {

ConsoleOptions unix_socket(const std::string& path) {
    ConsoleOptions options;
    options.kind = ConsoleOptions::Kind::kUnix;
    options.path = path;
    return options;
}

UniqueFd connect_to(const std::string& path) {
    UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    return fd;
}

/// A socket file that nobody listens on any more.
void leave_stale_socket(const std::string& path) {
    const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    REQUIRE(::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
}

bool exists(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0;
}

std::string error_of(const ConsoleOptions& options) {
    auto loop = EventLoop::create();
    const auto console = ConsoleHost::create(*loop, options);
    return console.ok() ? "no error" : console.error().message();
}

UniqueFd open_slave(RunningConsole& guest) {
    UniqueFd slave(::open(guest.console().where().c_str(), O_RDWR | O_NOCTTY | O_CLOEXEC));
    REQUIRE(slave.valid());
    return slave;
}

}  // namespace

TEST_CASE("Console on a socket carries bytes both ways") {
    const TemporaryDirectory directory;
    RunningConsole guest(unix_socket(directory / "s"));
    const UniqueFd client = connect_to(directory / "s");
    write_bytes(client.get(), "to the guest");
    CHECK(guest.read(12) == "to the guest");
    guest.print("to the host");
    CHECK(read_bytes(client.get(), 11) == "to the host");
}

TEST_CASE("Console on a socket keeps the last 64 KiB for who connects later, holding nobody") {
    const TemporaryDirectory directory;
    RunningConsole guest(unix_socket(directory / "s"));
    const std::string text = pattern(200'000);
    guest.print(text);
    CHECK(guest.read_register(uart::kLineStatus) != 0);
    const UniqueFd client = connect_to(directory / "s");
    CHECK(read_bytes(client.get(), 65536) == text.substr(text.size() - 65536));
}

TEST_CASE("Console on a socket holds the guest for a slow client, who gets everything") {
    const TemporaryDirectory directory;
    RunningConsole guest(unix_socket(directory / "s"));
    const UniqueFd client = connect_to(directory / "s");
    write_bytes(client.get(), "x");
    CHECK(guest.read(1) == "x");  // connected
    const std::string text = pattern(400'000);
    std::thread writer([&] { guest.print(text); });
    CHECK(eventually([&] { return guest.read_register(uart::kLineStatus) == 0; }));
    CHECK(read_bytes(client.get(), text.size()) == text);
    writer.join();
}

TEST_CASE("Console on a socket serves the next client when one has left") {
    const TemporaryDirectory directory;
    RunningConsole guest(unix_socket(directory / "s"));
    UniqueFd first = connect_to(directory / "s");
    const UniqueFd second = connect_to(directory / "s");  // waits
    guest.print("1");
    CHECK(read_bytes(first.get(), 1) == "1");
    write_bytes(second.get(), "b");
    write_bytes(first.get(), "a");
    CHECK(guest.read(1) == "a");
    first.reset();
    CHECK(guest.read(1) == "b");
    guest.print("2");
    CHECK(read_bytes(second.get(), 1) == "2");
}

TEST_CASE("Console on a socket takes all that a client sent before it left") {
    const TemporaryDirectory directory;
    RunningConsole guest(unix_socket(directory / "s"));
    const std::string text = pattern(20'000);  // more than the UART's queue
    {
        const UniqueFd client = connect_to(directory / "s");
        write_bytes(client.get(), text);
    }
    CHECK(guest.read(text.size()) == text);
    const UniqueFd next = connect_to(directory / "s");
    write_bytes(next.get(), "next");
    CHECK(guest.read(4) == "next");
}

TEST_CASE("Console on a socket goes on printing to a client that only stopped sending") {
    const TemporaryDirectory directory;
    RunningConsole guest(unix_socket(directory / "s"));
    const UniqueFd client = connect_to(directory / "s");
    write_bytes(client.get(), "uname");
    REQUIRE(::shutdown(client.get(), SHUT_WR) == 0);
    CHECK(guest.read(5) == "uname");
    CHECK(guest.loop_is_idle());
    guest.print("Linux");
    CHECK(read_bytes(client.get(), 5) == "Linux");
}

TEST_CASE("Console's finish does not wait for a client that left") {
    const TemporaryDirectory directory;
    ConsoleOptions options = unix_socket(directory / "s");
    options.flush_timeout = kDeadline;
    RunningConsole guest(options);
    {
        const UniqueFd client = connect_to(directory / "s");
        guest.print("x");
        CHECK(read_bytes(client.get(), 1) == "x");
    }
    guest.print("nobody");
    const auto before = std::chrono::steady_clock::now();
    const auto finished = guest.finish();
    CHECK(std::chrono::steady_clock::now() - before < kDeadline / 2);
    CHECK(finished.lost_bytes + finished.unread_bytes == 6);
}

TEST_CASE("Console's socket replaces a stale one and is removed at the end") {
    const TemporaryDirectory directory;
    const std::string path = directory / "s";
    leave_stale_socket(path);
    {
        RunningConsole guest(unix_socket(path));
        const UniqueFd client = connect_to(path);
        write_bytes(client.get(), "x");
        CHECK(guest.read(1) == "x");
    }
    CHECK_FALSE(exists(path));
}

TEST_CASE("Console's socket takes no path that is in use, no file, no path that is too long") {
    const TemporaryDirectory directory;
    const std::string path = directory / "s";
    {
        RunningConsole guest(unix_socket(path));
        CHECK_THAT(error_of(unix_socket(path)),
                   Catch::Contains(path) && Catch::Contains("another process listens"));
        CHECK(exists(path));
        const UniqueFd still_works = connect_to(path);
    }
    const std::string file = directory / "out";
    const UniqueFd fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    CHECK_THAT(error_of(unix_socket(file)), Catch::Contains("is not a socket"));
    CHECK(exists(file));
    CHECK_THAT(error_of(unix_socket(directory / std::string(108, 'x').c_str())),
               Catch::Contains("107"));
    CHECK_THAT(error_of(unix_socket("")), Catch::Contains("107"));
    CHECK_THAT(error_of(unix_socket(directory / "none/s")), Catch::Contains("No such file"));
}

TEST_CASE("Console on a pseudo-terminal carries bytes both ways, unaltered") {
    ConsoleOptions options;
    options.kind = ConsoleOptions::Kind::kPty;
    RunningConsole guest(options);
    const UniqueFd slave = open_slave(guest);
    guest.print("a\r\n\003\004\033[6n");
    CHECK(read_bytes(slave.get(), 9) == "a\r\n\003\004\033[6n");
    write_bytes(slave.get(), "b\r\003");
    CHECK(guest.read(3) == "b\r\003");
}

TEST_CASE("Console on a pseudo-terminal survives that nobody, somebody, nobody has it open") {
    ConsoleOptions options;
    options.kind = ConsoleOptions::Kind::kPty;
    RunningConsole guest(options);
    const std::string text = pattern(200'000);
    guest.print(text);
    for (int round = 0; round < 3; ++round) {
        CAPTURE(round);
        const UniqueFd slave = open_slave(guest);
        if (round == 0) {
            CHECK(read_bytes(slave.get(), 65536) == text.substr(text.size() - 65536));
        }
        write_bytes(slave.get(), "in");
        CHECK(guest.read(2) == "in");
        guest.print("out");
        CHECK(read_bytes(slave.get(), 3) == "out");
    }
    CHECK(guest.loop_is_idle());
}

TEST_CASE("Console on a pseudo-terminal lets its reader read the end before it goes") {
    ConsoleOptions options;
    options.kind = ConsoleOptions::Kind::kPty;
    options.flush_timeout = kDeadline;
    RunningConsole guest(options);
    const UniqueFd slave = open_slave(guest);
    write_bytes(slave.get(), "x");
    CHECK(guest.read(1) == "x");  // attached
    guest.print("the end");
    std::string end;
    std::thread reader([&] {
        ::poll(nullptr, 0, 30);  // so that finish() comes first
        end = read_bytes(slave.get(), 7);
    });
    CHECK(guest.finish().lost_bytes == 0);
    guest.close();
    reader.join();
    CHECK(end == "the end");
}
