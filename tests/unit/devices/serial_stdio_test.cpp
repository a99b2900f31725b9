// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <algorithm>
#include <future>

#include "running_console.h"

using namespace skiff;
using namespace skiff::devices;
using namespace skiff::devices::test;

namespace {

ConsoleOptions on(int input_fd, int output_fd) {
    ConsoleOptions options;
    options.input_fd = input_fd;
    options.output_fd = output_fd;
    return options;
}

}  // namespace

TEST_CASE("Console on pipes carries bytes both ways") {
    const Ends in = make_pipe();
    const Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    guest.print("to the host\r\n");
    CHECK(read_bytes(out.first.get(), 13) == "to the host\r\n");
    write_bytes(in.second.get(), "to the guest\n");
    CHECK(guest.read(13) == "to the guest\n");
}

TEST_CASE("Console passes every byte value unaltered, a terminal's answers too") {
    const Ends in = make_pipe();
    const Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    std::string all;
    for (int value = 0; value < 256; ++value) {
        all += static_cast<char>(value);
    }
    all += "\033[6n\033[24;80R";
    guest.print(all);
    CHECK(read_bytes(out.first.get(), all.size()) == all);
    write_bytes(in.second.get(), all);
    CHECK(guest.read(all.size()) == all);
}

TEST_CASE("Console delivers everything through a slow reader") {
    const Ends in = make_pipe();
    Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    const std::string text = pattern(400'000);
    auto writer = std::async(std::launch::async, [&] { guest.print(text); });
    // The pipe and the buffer are full, the guest is held: only now the reader starts.
    REQUIRE(eventually([&] { return guest.read_register(uart::kLineStatus) == 0; }));
    std::string arrived;
    while (arrived.size() < text.size()) {
        const std::string part =
            read_bytes(out.first.get(), std::min<std::size_t>(1500, text.size() - arrived.size()));
        if (part.empty()) {
            break;
        }
        arrived += part;
    }
    CHECK(arrived == text);
    CHECK(writer.wait_for(kDeadline) == std::future_status::ready);
    CHECK(guest.finish().lost_bytes == 0);
}

TEST_CASE("Console's finish delivers what waits for a slow reader") {
    const Ends in = make_pipe();
    Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    const std::string text = pattern(100'000);  // 64 KiB in the pipe, the rest waits
    guest.print(text);
    auto reader =
        std::async(std::launch::async, [&] { return read_bytes(out.first.get(), text.size()); });
    CHECK(guest.finish().lost_bytes == 0);
    CHECK(reader.get() == text);
}

TEST_CASE("Console's finish gives a stuck reader up at the deadline and says what was lost") {
    const Ends in = make_pipe();
    const Ends out = make_pipe();
    ConsoleOptions options = on(in.first.get(), out.second.get());
    options.flush_timeout = std::chrono::milliseconds(30);
    RunningConsole guest(options);
    guest.print(pattern(100'000));
    CHECK(guest.finish().lost_bytes == 100'000 - 65536);
}

TEST_CASE("Console's release lets a guest go that a stuck reader holds") {
    const Ends in = make_pipe();
    const Ends out = make_pipe();
    ConsoleOptions options = on(in.first.get(), out.second.get());
    options.flush_timeout = std::chrono::milliseconds(0);
    RunningConsole guest(options);
    auto writer = std::async(std::launch::async, [&] { guest.print(pattern(65536 + 65536 + 1)); });
    REQUIRE(eventually([&] { return guest.read_register(uart::kLineStatus) == 0; }));
    CHECK(guest.loop_is_idle());
    guest.console().release();
    CHECK(writer.wait_for(kDeadline) == std::future_status::ready);
}

TEST_CASE("Console leaves O_NONBLOCK of shared file descriptions alone") {
    const Ends in = make_pipe();
    const Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    guest.print("x");
    CHECK(read_bytes(out.first.get(), 1) == "x");
    CHECK((::fcntl(in.first.get(), F_GETFL) & O_NONBLOCK) == 0);
    CHECK((::fcntl(out.second.get(), F_GETFL) & O_NONBLOCK) == 0);
}

TEST_CASE("Console works on sockets as standard streams, without O_NONBLOCK") {
    Ends pair = make_socket_pair();
    RunningConsole guest(on(pair.first.get(), pair.first.get()));
    const std::string text = pattern(500'000);
    auto writer = std::async(std::launch::async, [&] { guest.print(text); });
    CHECK(read_bytes(pair.second.get(), text.size()) == text);
    CHECK((::fcntl(pair.first.get(), F_GETFL) & O_NONBLOCK) == 0);
    write_bytes(pair.second.get(), "in");
    CHECK(guest.read(2) == "in");
}

TEST_CASE("Console reports the end of input once, after all of it arrived") {
    Ends in = make_pipe();
    const Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    write_bytes(in.second.get(), "last words");
    in.second.reset();
    CHECK(guest.read(10) == "last words");
    CHECK(eventually([&] { return guest.input_ends == 1; }));
    guest.print("still here");
    CHECK(read_bytes(out.first.get(), 10) == "still here");
    CHECK(guest.input_ends == 1);
    CHECK(guest.loop_is_idle());
}

TEST_CASE("Console does not lose input that ended while the guest did not read yet") {
    Ends in = make_pipe();
    const Ends out = make_pipe();
    const std::string text = pattern(30'000);  // more than the UART's queue
    write_bytes(in.second.get(), text);
    in.second.reset();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    CHECK(guest.loop_is_idle());  // though there is input, and its writer has hung up
    CHECK(guest.read(text.size()) == text);
    CHECK(eventually([&] { return guest.input_ends == 1; }));
}

TEST_CASE("Console reads a regular file as input, and /dev/null as an end at once") {
    const TemporaryDirectory directory;
    const std::string text = pattern(100'000);
    const UniqueFd file(::open((directory / "out").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    write_bytes(file.get(), text);
    REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
    const Ends out = make_pipe();
    {
        RunningConsole guest(on(file.get(), out.second.get()));
        CHECK(guest.read(text.size()) == text);
        CHECK(eventually([&] { return guest.input_ends == 1; }));
    }
    const UniqueFd null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    RunningConsole guest(on(null.get(), out.second.get()));
    CHECK(guest.input_ends == 1);
}

TEST_CASE("Console appends to a regular file that is standard output") {
    const TemporaryDirectory directory;
    const UniqueFd file(
        ::open((directory / "out").c_str(), O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    write_bytes(file.get(), "before ");
    const Ends in = make_pipe();
    RunningConsole guest(on(in.first.get(), file.get()));
    guest.print("after");
    CHECK(guest.finish().lost_bytes == 0);
    REQUIRE(::lseek(file.get(), 0, SEEK_SET) == 0);
    CHECK(read_bytes(file.get(), 12) == "before after");
}

TEST_CASE("Console reports once that its reader left, and lets the guest go on") {
    const Ends in = make_pipe();
    Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    guest.print("head");
    CHECK(read_bytes(out.first.get(), 4) == "head");
    out.first.reset();
    CHECK(eventually([&] { return guest.output_ends == 1; }));
    guest.print(pattern(200'000));
    write_bytes(in.second.get(), "in");
    CHECK(guest.read(2) == "in");
    CHECK(guest.output_ends == 1);
    CHECK(guest.loop_is_idle());
    CHECK(guest.finish().lost_bytes == 200'000);
}

TEST_CASE("Console frees a held guest when its reader leaves") {
    const Ends in = make_pipe();
    Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    auto writer = std::async(std::launch::async, [&] { guest.print(pattern(200'000)); });
    REQUIRE(eventually([&] { return guest.read_register(uart::kLineStatus) == 0; }));
    out.first.reset();
    CHECK(writer.wait_for(kDeadline) == std::future_status::ready);
    CHECK(guest.finish().lost_bytes == 200'000 - 65536);
}

TEST_CASE("Console's escape key means nothing where input is not a terminal") {
    const Ends in = make_pipe();
    const Ends out = make_pipe();
    RunningConsole guest(on(in.first.get(), out.second.get()));
    write_bytes(in.second.get(), "a\035b");
    CHECK(guest.read(3) == "a\035b");
    CHECK(guest.menu.quits == 0);
}

TEST_CASE("Console's observer sees the output of every kind of host side") {
    for (const auto kind : {ConsoleOptions::Kind::kNone, ConsoleOptions::Kind::kPty}) {
        auto loop = EventLoop::create();
        REQUIRE(loop.ok());
        auto console = ConsoleHost::create(*loop, {.kind = kind, .path = {}});
        REQUIRE(console.ok());
        std::string seen;
        (*console)->set_observer(
            [&](std::span<const std::uint8_t> bytes) { seen.append(bytes.begin(), bytes.end()); });
        (*console)->output().push('x');
        CHECK(seen == "x");
    }
}

TEST_CASE("Console into a file truncates it and writes everything") {
    const TemporaryDirectory directory;
    const std::string path = directory / "out";
    {
        const UniqueFd old(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
        write_bytes(old.get(), pattern(300'000));
    }
    RunningConsole guest({.kind = ConsoleOptions::Kind::kFile, .path = path});
    const std::string text = pattern(200'000);
    guest.print(text);
    CHECK(guest.finish().lost_bytes == 0);
    const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    CHECK(read_bytes(file.get(), text.size() + 1) == text);
}

TEST_CASE("Console counts what a full disk refuses, and reports it once") {
    RunningConsole guest({.kind = ConsoleOptions::Kind::kFile, .path = "/dev/full"});
    guest.print("lost");
    CHECK(eventually([&] { return guest.output_ends == 1; }));
    guest.print("lost");
    CHECK(guest.finish().lost_bytes == 8);
}

TEST_CASE("Console's file that cannot be opened is an error that names it") {
    auto loop = EventLoop::create();
    REQUIRE(loop.ok());
    const TemporaryDirectory directory;
    for (const std::string& path : {directory / "none/out", directory / "fifo"}) {
        (void)::mkfifo((directory / "fifo").c_str(), 0600);
        const auto console =
            ConsoleHost::create(*loop, {.kind = ConsoleOptions::Kind::kFile, .path = path});
        REQUIRE_FALSE(console.ok());
        CHECK_THAT(console.error().message(), Catch::Contains(path));
    }
}
